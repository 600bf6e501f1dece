/** simclr as an app has it: compiled, in a node_modules of its own, with whatever platform packages a test wants. */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { packageRoot } from '../../lib/addon/binary.ts'
import { loadAddonDetails } from '../../lib/addon/load.ts'

export interface Installed {
  folder: string
  /** Adds `@simclr/linux-x64-NAME` with the binary of this checkout; `record` goes over its build.json. */
  addBinary(name: string, record?: Record<string, unknown>): string
  /** Runs Node in the app's folder: nothing of this process's environment but what is named. */
  node(args: string[], env?: Record<string, string>): Ran
  /** `simclr doctor --json`: its findings. */
  doctor(env?: Record<string, string>): { code: number | null; findings: Finding[]; stderr: string }
}

interface Ran {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

interface Finding {
  type: string
  name: string
  state: string
  detail: string
  mend: string | null
}

/** `without`: packages that are left out. LibTorch is looked for in `folder`/cache, which is empty. */
export function installSimclr(folder: string, { without = [] as string[] } = {}): Installed {
  const modules = path.join(folder, 'node_modules')
  const own = path.join(modules, 'simclr')
  fs.mkdirSync(own, { recursive: true })
  for (const name of ['dist', 'package.json']) {
    fs.cpSync(path.join(packageRoot, name), path.join(own, name), { recursive: true })
  }
  for (const name of fs.readdirSync(path.join(packageRoot, 'node_modules'))) {
    if (name.startsWith('.') || without.includes(name)) continue
    fs.symlinkSync(path.join(packageRoot, 'node_modules', name), path.join(modules, name))
  }
  fs.writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }')
  fs.mkdirSync(path.join(folder, 'bin'))
  fs.symlinkSync(process.execPath, path.join(folder, 'bin', 'node'))

  const node: Installed['node'] = (args, env = {}) => {
    const { status, signal, stdout, stderr } = spawnSync(process.execPath, args, {
      cwd: folder,
      encoding: 'utf8',
      env: {
        HOME: folder,
        PATH: path.join(folder, 'bin'),
        XDG_CACHE_HOME: path.join(folder, 'cache'),
        ...env,
      },
    })
    return { code: status, signal, stdout, stderr }
  }
  return {
    folder,
    node,
    addBinary(name, record = {}) {
      const to = path.join(modules, '@simclr', `linux-x64-${name}`)
      fs.mkdirSync(to, { recursive: true })
      const { binary } = loadAddonDetails()
      for (const file of ['simclr.node', 'loader.node'])
        fs.copyFileSync(path.join(binary.folder, file), path.join(to, file))
      const { variant, torch, cuda, compiler } = binary
      fs.writeFileSync(
        path.join(to, 'build.json'),
        JSON.stringify({ variant, torch, cuda, compiler, ...record }),
      )
      fs.writeFileSync(path.join(to, 'package.json'), JSON.stringify({ name: `@simclr/linux-x64-${name}` }))
      return to
    },
    doctor(env) {
      const { code, stdout, stderr } = node(['node_modules/simclr/dist/cli/main.js', 'doctor', '--json'], env)
      const lines = stdout
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Finding)
      return { code, stderr, findings: lines.filter(({ type }) => type === 'finding') }
    },
  }
}

/** The LibTorch of this checkout in `folder`, which becomes a cache; `variant` says how it is filed. */
export function linkLibtorch(folder: string, variant = 'cpu'): string {
  const { binary, libtorch } = loadAddonDetails()
  const root = path.join(folder, 'simclr', 'libtorch', `${binary.torch}-${variant}`, 'torch')
  fs.mkdirSync(path.join(root, 'lib'), { recursive: true })
  for (const name of fs.readdirSync(path.join(libtorch.path, 'lib')))
    fs.symlinkSync(path.join(libtorch.path, 'lib', name), path.join(root, 'lib', name))
  if (variant !== 'cpu') fs.writeFileSync(path.join(root, 'lib', 'libtorch_cuda.so'), '')
  fs.writeFileSync(path.join(root, 'version.py'), `__version__ = '${binary.torch}'\n`)
  return root
}

/** A shared library that does `statement` when it is loaded, in place of `file`. */
export function replaceByLibrary(file: string, statement: string): void {
  const source = `#include <signal.h>\n#include <stdlib.h>\n#include <unistd.h>\n__attribute__((constructor)) static void start(void) { ${statement} }\n`
  fs.rmSync(file, { force: true })
  const { status, stderr } = spawnSync('cc', ['-xc', '-', '-shared', '-fPIC', '-o', file], { input: source })
  if (status !== 0) throw new Error(`cc: ${stderr}`)
}
