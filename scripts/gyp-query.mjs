/**
 * What binding.gyp asks of the project, one answer a line:
 *   libtorch                LibTorch to build against (found as `npm run build` finds it; dist/ must be there)
 *   sources FOLDER SUFFIX   files below a folder
 *   compiler                name and version of the C++ compiler, for build.json
 *   jpeg library|include    libjpeg-turbo's static library, nothing without; the folder of its header, nothing where
 *                           the compiler finds it
 *   cuda-includes LIBTORCH  -isystem flags for sources that call CUDA: the toolkit's first, then torch's, NVIDIA's
 */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { libtorchForBuild } from './bootstrap/libtorch.mjs'
import { jpegLibrary, withoutJpeg } from './jpeg-library.mjs'

const queries = {
  libtorch: async () => [await libtorchForBuild(process.env.SIMCLR_LIBTORCH ?? null)],
  sources: (folder, suffix) =>
    fs
      .readdirSync(folder, { recursive: true })
      .filter((file) => file.endsWith(suffix))
      .map((file) => path.posix.join(folder, file))
      .sort(),
  jpeg: (what) => {
    const { reason, ...found } = jpegLibrary(process.env.CXX ?? 'g++')
    if (reason && what === 'library') process.stderr.write(withoutJpeg(reason))
    return found[what] ? [found[what]] : []
  },
  compiler: () => [
    spawnSync(process.env.CXX ?? 'g++', ['--version'], { encoding: 'utf8' }).stdout.split('\n')[0],
  ],
  'cuda-includes': (libtorch) => {
    const nvidia = path.join(libtorch, '..', 'nvidia')
    const wheels = fs.existsSync(nvidia)
      ? fs.readdirSync(nvidia).map((w) => path.join(nvidia, w, 'include'))
      : []
    const torch = [path.join(libtorch, 'include'), path.join(libtorch, 'include/torch/csrc/api/include')]
    return [toolkitInclude(), ...torch, ...wheels].flatMap((folder) => ['-isystem', folder])
  },
}

/** Beside the nvcc on the PATH, whose own word on where it is goes through wrappers and links. */
function toolkitInclude() {
  const { stderr } = spawnSync('nvcc', ['--dryrun', '-x', 'cu', '-E', '/dev/null'], { encoding: 'utf8' })
  const top = /^#\$ TOP=(.*)$/m.exec(stderr ?? '')?.[1] ?? '/usr/local/cuda'
  return path.join(path.resolve(top), 'include')
}

const [name, ...args] = process.argv.slice(2)
for (const line of await queries[name](...args)) console.log(line)
