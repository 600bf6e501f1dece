/**
 * Makes a checkout ready, then does a job: node scripts/bootstrap.mjs <job> [arguments]
 *
 *   build      nothing more              (`npm run build`; `-- --libtorch DIR` builds against another LibTorch,
 *                                    `-- --variant cu130` with the CUDA kernels, `--torch 2.11.0` for another minor)
 *   start      simclr train              (`npm start -- --json` passes arguments on)
 *   test       mocha on test/, four files or more at a time (`npm test -- --grep loss`, `npm test -- test/train/lr.test.ts`)
 *   test:slow  mocha on test/slow/
 *   bench      bench/main.ts             (`npm run bench -- --peers VENV --json`)
 *   cuda       compiles the CUDA sources, no more (`npm run build:cuda`; `-- --torch 2.11.0` against another minor)
 *   gyp        builds the addon with node-gyp instead (`npm run build:gyp -- -Dcuda=1`)
 *
 * Plain Node without a dependency: it runs before node_modules exists. Each step is skipped while its inputs
 * are unchanged. Everything it and its tools say goes to stderr: stdout belongs to the job.
 */
import os from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { buildAddon, readOptions } from './bootstrap/addon.mjs'
import { compileCuda } from './bootstrap/cuda.mjs'
import { buildWithGyp } from './bootstrap/gyp.mjs'
import { installModules } from './bootstrap/modules.mjs'
import { Failure, root, run } from './bootstrap/run.mjs'
import { checkTools } from './bootstrap/tools.mjs'
import { compileTypeScript } from './bootstrap/typescript.mjs'

const JOBS = {
  build: async () => {},
  start: async (args) => {
    // In this process: signals and exit codes are then the command's own.
    process.argv = [process.argv[0], path.join(root, 'dist/cli/main.js'), 'train', ...args]
    await import(pathToFileURL(process.argv[1]).href)
  },
  // Most of their time tests wait, for processes that start and for timeouts: one at a time they keep half a core busy. First
  // what takes longest and does not wait.
  test: (args) =>
    mocha(args, [
      ...['test/verify/*.test.ts', 'test/!(verify|slow|gpu)/**/*.test.ts'],
      ...['--parallel', '--jobs', `${Math.max(4, os.availableParallelism() >> 1)}`],
    ]),
  'test:slow': (args) => mocha(args, ['test/slow/**/*.test.ts', '--timeout', '1200000']),
  bench: (args) => {
    process.exitCode = run(process.execPath, ['--import', 'tsx', 'bench/main.ts', ...args], {
      stdout: 'inherit',
    })
  },
  cuda: compileCuda,
  gyp: buildWithGyp,
}
/** These build something else than the addon. */
const WITHOUT_ADDON = ['cuda', 'gyp']

async function main([job, ...args]) {
  if (!Object.hasOwn(JOBS, job)) {
    throw new Failure(`Expected one of ${Object.keys(JOBS).join(', ')} but received '${job}'.`)
  }
  const options = readOptions(job === 'build' ? args : [])
  checkTools(options)
  installModules()
  compileTypeScript()
  if (!WITHOUT_ADDON.includes(job)) await buildAddon(options)
  await JOBS[job](args)
}

/** Runs the files that `args` name, by default `all`; stdout is mocha's, and so is the exit code. */
function mocha(args, all) {
  const files = args.some((arg) => arg.endsWith('.ts')) ? [] : all
  const command = ['node_modules/mocha/bin/mocha.js', ...args, ...files]
  process.exitCode = run(process.execPath, command, { stdout: 'inherit' })
}

try {
  await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${error instanceof Failure ? `simclr: ${error.message}` : error.stack}\n`)
  process.exitCode = 1
}
