/** Folders that look like LibTorch to whoever only looks at files. */
import fs from 'node:fs'
import path from 'node:path'

/**
 * Writes `folder/lib` and, with headers, `folder/include`; `version` as in a wheel's version.py, null for none. With
 * `cuda` it is a build for the CUDA version of its suffix, without one for 13.0.
 */
export function fakeLibtorch(
  folder: string,
  version: string | null,
  { headers = true, cuda = false } = {},
): string {
  const write = (name: string, text: string) => {
    const file = path.join(folder, name)
    fs.mkdirSync(path.dirname(file), { recursive: true })
    fs.writeFileSync(file, text)
  }
  write('lib/libtorch.so', '')
  write('lib/libtorch_cpu.so', '')
  if (cuda) write('lib/libtorch_cuda.so', '')
  if (headers) write('include/ATen/ATen.h', '')
  const [, major, minor] = /\+cu(\d+)(\d)$/.exec(version ?? '') ?? ['', '13', '0']
  const said = cuda ? `'${major}.${minor}'` : 'None'
  if (version !== null) write('version.py', `__version__ = '${version}'\ncuda: Optional[str] = ${said}\n`)
  return folder
}
