/**
 * Puts each mutant of test/mutants/table.ts into a copy of the working tree, builds it and requires the named
 * test to fail; first of all each of these tests must pass without a mutant.
 *
 *   npm run test:mutants                      all of them
 *   npm run test:mutants -- --only bias       those whose trap contains the text
 *   npm run test:mutants -- --record          and writes test/mutants/results.json (docs/exactness.md shows it)
 */
import { spawnSync } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

import { type Mutant, mutants } from '../test/mutants/table.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const copy = path.join(root, 'build/mutants')

interface TestRun {
  passes: number
  failures: string[]
}

export interface MutantResult {
  trap: string
  file: string
  test: string
  /** Titles of the tests that failed. */
  failed: string[]
}

/** The working tree, ignored files apart, with the same node_modules. Unchanged files keep their times. */
function copyTree(): void {
  const list = run('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], root).stdout
  for (const file of list.split('\0').filter(Boolean)) {
    const [from, to] = [path.join(root, file), path.join(copy, file)]
    if (!existsSync(from) || !statSync(from).isFile()) continue
    mkdirSync(path.dirname(to), { recursive: true })
    if (!existsSync(to) || !readFileSync(from).equals(readFileSync(to))) copyFileSync(from, to)
  }
  const modules = path.join(copy, 'node_modules')
  if (!existsSync(modules)) symlinkSync(path.join(root, 'node_modules'), modules)
}

function run(command: string, args: string[], cwd: string) {
  const result = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 28 })
  if (result.error) throw result.error
  return result
}

function build(): void {
  const { status, stderr } = run(process.execPath, ['scripts/bootstrap.mjs', 'build'], copy)
  if (status !== 0) throw new Error(`The build failed:\n${stderr.slice(-3000)}`)
}

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
    if (mutant.file.startsWith('native/')) build()
    return runTest(mutant)
  })
  const { trap, file, test } = mutant
  return { trap, file, test, failed: failures }
}

const { values: flags } = parseArgs({ options: { only: { type: 'string' }, record: { type: 'boolean' } } })
const chosen = mutants.filter(({ trap }) => trap.includes(flags.only ?? ''))
copyTree()
build()
for (const key of new Set(chosen.map(({ test, grep }) => JSON.stringify({ test, grep })))) {
  const { passes, failures } = runTest(JSON.parse(key))
  if (passes === 0 || failures.length > 0) {
    throw new Error(
      `Expected ${key} to pass without a mutant but ${passes} passed and these failed: ${failures}`,
    )
  }
}
const results: MutantResult[] = []
for (const mutant of chosen) {
  const result = tryMutant(mutant)
  results.push(result)
  process.stdout.write(
    `${result.failed.length > 0 ? 'killed  ' : 'SURVIVED'} ${result.trap} (${result.failed.length})\n`,
  )
}
build()
if (flags.record) {
  writeFileSync(path.join(root, 'test/mutants/results.json'), `${JSON.stringify(results, null, 2)}\n`)
}
const survivors = results.filter(({ failed }) => failed.length === 0).length
process.stdout.write(`${results.length} mutants, ${survivors} survived.\n`)
process.exitCode = survivors > 0 ? 1 : 0
