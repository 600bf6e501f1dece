/**
 * Writes build.json beside the binaries: what they are for (lib/addon/binary.ts reads it before anything is
 * loaded). Both builds call it: node scripts/build-json.mjs OUT LIBTORCH CUDA COMPILER
 * CUDA: ON where native/cuda is linked in
 */
import fs from 'node:fs'
import path from 'node:path'

const [out, libtorch, cudaLinked, compiler] = process.argv.slice(2)

// LibTorch 2.9 has it at the second place.
const headers = ['torch/headeronly/version.h', 'torch/csrc/api/include/torch/version.h']
const at = headers.map((name) => path.join(libtorch, 'include', name)).find((file) => fs.existsSync(file))
if (at === undefined)
  throw new Error(`${libtorch}/include has none of ${headers.join(', ')}: not a LibTorch?`)
const header = fs.readFileSync(at, 'utf8')
const part = (name) => new RegExp(`define TORCH_VERSION_${name} (\\d+)`).exec(header)[1]
const torch = ['MAJOR', 'MINOR', 'PATCH'].map(part).join('.')

const cuda = cudaLinked === 'ON' ? cudaOf(libtorch) : null
const variant = cuda === null ? 'cpu' : `cu${cuda.replace('.', '')}`

const record = { variant, torch, cuda, compiler, libtorch }
fs.mkdirSync(path.dirname(out), { recursive: true })
fs.writeFileSync(out, `${JSON.stringify(record, null, 2)}\n`)

/** CUDA version of a LibTorch: a wheel says it in version.py, an archive in build-version. */
function cudaOf(root) {
  const read = (name) => {
    const file = path.join(root, name)
    return fs.existsSync(file) ? fs.readFileSync(file, 'utf8') : ''
  }
  const wheel = /^cuda\b.*= '([\d.]+)'/m.exec(read('version.py'))
  if (wheel) return wheel[1]
  const archive = /\+cu(\d+)(\d)/.exec(read('build-version'))
  if (archive) return `${archive[1]}.${archive[2]}`
  throw new Error(
    `${root} does not tell its CUDA version (version.py, build-version): not a LibTorch for CUDA?`,
  )
}
