/** Small files that look like torch's wheels and archives, for tests of the installer. */
import { createHash } from 'node:crypto'
import { buffer } from 'node:stream/consumers'
import yazl from 'yazl'

/** What a CPU wheel has, and some of what the installer leaves out; libraries are a few random-looking bytes. */
export const CPU_WHEEL: Record<string, string> = {
  'torch/lib/libtorch.so': 'shell',
  'torch/lib/libtorch_cpu.so': 'kernels '.repeat(40_000),
  'torch/lib/libtorch_python.so': 'for Python only',
  'torch/include/ATen/ATen.h': '// header',
  'torch/share/cmake/Torch/TorchConfig.cmake': '# cmake',
  'torch/version.py': "__version__ = '2.13.0+cpu'\ncuda: Optional[str] = None\n",
  'torch/nn/modules/linear.py': 'class Linear: ...',
  'torch-2.13.0+cpu.dist-info/licenses/LICENSE': 'licence',
}

/** The same for CUDA, which version.py does not tell. */
export const CUDA_WHEEL = { ...CPU_WHEEL, 'torch/lib/libtorch_cuda.so': 'kernels' }

/** A zip file of these entries but the undefined ones, without compression so that its size is known roughly. */
export async function zip(entries: Record<string, string | undefined>): Promise<Buffer> {
  const file = new yazl.ZipFile()
  for (const [name, text] of Object.entries(entries))
    if (text !== undefined) file.addBuffer(Buffer.from(text), name, { compress: false })
  file.end()
  return buffer(file.outputStream)
}

export function sha256Of(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}
