/**
 * Puts each mutant of test/mutants/table.ts into a copy of the working tree, builds it and requires the named
 * test to fail; first of all each of these tests must pass without a mutant. Where no mutant is in native code the
 * working tree's own build is used.
 *
 *   npm run test:mutants                      all of them
 *   npm run test:mutants -- --only bias       those whose mistake, trap or file contains the text
 *   npm run test:mutants -- --missing         those that test/mutants/results.json has not yet, or whose mistake or
 *                                             test was another one then
 *   npm run test:mutants -- --record          writes each result to test/mutants/results.json as it comes
 *   npm run test:mutants -- --minutes 4       begins none after so many minutes
 */
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

import {
  fingerprint,
  type Mutant,
  type MutantResult,
  resultsByMistake,
  testHash,
} from '../test/mutants/mutant.ts'
import { mutants } from '../test/mutants/table.ts'
import { modulesFresh } from './bootstrap/modules.mjs'
import { numberOf, readFlags } from './command-line.mjs'
import { copyTree } from './mutants/tree.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const copy = path.join(root, 'build/mutants')
const resultsFile = path.join(root, 'test/mutants/results.json')

interface TestRun {
  passes: number
  failures: string[]
}

/**
 * The copy shares the tree's node_modules where they are as the lock file says; otherwise the build installs its own, and
 * a link would have it empty the tree's.
 */
function linkModules(): void {
  const modules = path.join(copy, 'node_modules')
  if (modulesFresh() && !existsSync(modules)) symlinkSync(path.join(root, 'node_modules'), modules)
  else if (!modulesFresh()) rmSync(modules, { recursive: true, force: true })
}

function run(command: string, args: string[], cwd: string) {
  const result = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 28 })
  if (result.error) throw result.error
  return result
}

/** A whole build first, then only what changed. */
function build(command: string[]): void {
  const { status, stdout, stderr } = run(process.execPath, command, copy)
  if (status !== 0) throw new Error(`The build failed:\n${stdout.slice(-3000)}${stderr.slice(-3000)}`)
}
const wholeBuild = ['scripts/bootstrap.mjs', 'build']
const rebuild = ['node_modules/cmake-js/bin/cmake-js', 'build', '--out', 'build', '--config', 'Release']

function runTest({ test, grep }: Pick<Mutant, 'test' | 'grep'>): TestRun {
  const args = ['node_modules/mocha/bin/mocha.js', '--reporter', 'json', '--timeout', '600000', test]
  const { stdout, stderr } = run(process.execPath, grep ? [...args, '--grep', grep] : args, copy)
  const start = stdout.indexOf('{\n  "stats"')
  if (start < 0) throw new Error(`${test} did not run:\n${stderr.slice(-3000)}`)
  const report = JSON.parse(stdout.slice(start)) as {
    passes: unknown[]
    failures: { fullTitle: string }[]
  }
  return { passes: report.passes.length, failures: report.failures.map(({ fullTitle }) => fullTitle) }
}

/** The mutated file is restored whatever happens; only native files need a build. */
function withMutant<T>({ file, from, to }: Mutant, work: () => T): T {
  const place = path.join(copy, file)
  const original = readFileSync(place, 'utf8')
  const parts = original.split(from)
  if (parts.length !== 2)
    throw new Error(`Expected this once in ${file} but found it ${parts.length - 1} times:\n${from}`)
  writeFileSync(place, parts.join(to))
  try {
    return work()
  } finally {
    writeFileSync(place, original)
  }
}

function tryMutant(mutant: Mutant): MutantResult {
  const { failures } = withMutant(mutant, () => {
    if (mutant.file.startsWith('native/')) build(rebuild)
    return runTest(mutant)
  })
  const { trap, mistake, file, test } = mutant
  const found = { fingerprint: fingerprint(mutant), failed: failures, testHash: testHash(test, read) }
  return { trap, mistake, file, test, ...found }
}

/** Of the copy, whose tests are run. */
function read(file: string): string {
  return readFileSync(path.join(copy, file), 'utf8')
}

const tested = new Set<string>()

/** Once for each test: it passes where nothing is wrong. */
function requirePassing({ test, grep }: Mutant): void {
  const key = JSON.stringify([test, grep])
  if (tested.has(key)) return
  tested.add(key)
  const { passes, failures } = runTest({ test, ...(grep === undefined ? {} : { grep }) })
  if (passes > 0 && failures.length === 0) return
  throw new Error(`Expected ${key} to pass without a mutant but ${passes} passed, and not: ${failures}`)
}

function recorded(): MutantResult[] {
  return existsSync(resultsFile) ? (JSON.parse(readFileSync(resultsFile, 'utf8')) as MutantResult[]) : []
}

/** In the table's order, without mutants that it has no more or that were changed since. */
function record(result: MutantResult): void {
  const all = resultsByMistake(mutants, [...recorded(), result])
  const ordered = mutants.flatMap(({ mistake }) => all.get(mistake) ?? [])
  writeFileSync(resultsFile, `${JSON.stringify(ordered, null, 2)}\n`)
}

const { values: flags } = readFlags({
  options: {
    only: { type: 'string', default: '' },
    missing: { type: 'boolean' },
    record: { type: 'boolean' },
    minutes: { type: 'string', default: 'Infinity' },
  },
})
const end = Date.now() + numberOf('minutes', flags.minutes) * 60_000
copyTree(root, copy)
linkModules()
const still = recorded().filter((result) => result.testHash === testHash(result.test, read))
const known = resultsByMistake(mutants, flags.missing ? still : [])
const chosen = mutants.filter(
  ({ trap, mistake, file }) => `${mistake} ${trap} ${file}`.includes(flags.only) && !known.has(mistake),
)
const native = chosen.some(({ file }) => file.startsWith('native/'))
if (native) build(wholeBuild)
else cpSync(path.join(root, 'build/Release'), path.join(copy, 'build/Release'), { recursive: true })
let [count, survivors, stale] = [0, 0, false]
for (const mutant of chosen) {
  if (Date.now() > end) break
  const builds = mutant.file.startsWith('native/')
  if (stale && !(builds && tested.has(JSON.stringify([mutant.test, mutant.grep])))) {
    build(rebuild) // without the mutant before
    stale = false
  }
  requirePassing(mutant)
  const result = tryMutant(mutant)
  stale ||= builds
  count++
  if (result.failed.length === 0) survivors++
  if (flags.record) record(result)
  const verdict = result.failed.length > 0 ? 'killed  ' : 'SURVIVED'
  process.stdout.write(`${verdict} ${result.mistake} (${result.failed.length})\n`)
}
if (stale) build(rebuild)
process.stdout.write(`${count} of ${chosen.length} mutants, ${survivors} survived.\n`)
process.exitCode = survivors > 0 || count < chosen.length ? 1 : 0
