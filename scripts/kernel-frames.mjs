/**
 * Compiles CUDA sources and refuses kernels that keep values in local memory: node scripts/kernel-frames.mjs COMPILER ARGS…
 *
 * A stack frame holds arrays that are indexed by what is known only on the GPU, spills are registers that were too few: both
 * are memory, read and written in inner loops, and neither changes a result, so that no test would notice. ptxas tells of
 * every function. `npm run build:cuda` compiles through this. For nvcc: clang copies a kernel's larger parameters to memory.
 */
import { spawnSync } from 'node:child_process'
import { pathToFileURL } from 'node:url'

const FUNCTION =
  /Function properties for (\S+)\s+(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads/g
/** What ptxas tells when it is asked to. */
const TOLD = /^(ptxas info|\s+\d+ bytes stack frame).*\n?/gm

/** Functions that ptxas tells of in `said`: { name, frame, spills }, in bytes. */
export function functionsIn(said) {
  return [...said.matchAll(FUNCTION)].map(([, name, frame, stores, loads]) => ({
    name,
    frame: Number(frame),
    spills: Math.max(Number(stores), Number(loads)),
  }))
}

/** What is wrong with a compiler's run that has told of its functions; null: nothing. */
export function problemOf(args, said) {
  const source = args.find((argument) => /\.cu$/.test(argument))
  const functions = functionsIn(said)
  if (functions.length === 0) return `ptxas told nothing of ${source}: is its output another by now?`
  const inMemory = functions.filter(({ frame, spills }) => frame + spills > 0)
  if (inMemory.length === 0) return null
  const lines = inMemory.map(
    ({ name, frame, spills }) => `  ${name}: a stack frame of ${frame} bytes, ${spills} bytes of spills`,
  )
  return `Expected kernels without local memory in ${source} but found\n${lines.join('\n')}`
}

function main([compiler, ...args]) {
  // Of our own kernels: CMake tries the compiler on programs of its own.
  const asks = args.includes('-c') && args.some((argument) => /native\/cuda\/.*\.cu$/.test(argument))
  const { status, stdout, stderr, error } = spawnSync(
    compiler,
    [...args, ...(asks ? ['-Xptxas', '-v'] : [])],
    {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    },
  )
  if (error) throw error
  const rest = (said) => (asks ? said.replace(TOLD, '') : said)
  process.stdout.write(rest(stdout))
  process.stderr.write(rest(stderr))
  const problem = asks && status === 0 ? problemOf(args, stdout + stderr) : null
  if (problem) process.stderr.write(`${problem}\n`)
  process.exitCode = problem ? 1 : (status ?? 1)
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main(process.argv.slice(2))
