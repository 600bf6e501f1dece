#!/usr/bin/env node
/** The entry of `simclr`; what it does is in program.ts. */

/** What went wrong first in printing. */
let lost: NodeJS.ErrnoException | null = null
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  lost ??= error
  // What is at work, and has more to lose than its reader misses, goes on.
  if (process.listenerCount('SIGTERM') > 0) return
  if (error.code === 'EPIPE') process.exit(0) // the reader has seen enough, as with `| head`
})
process.stderr.on('error', () => {}) // nobody is left to tell

/** The commands; where a package that they need cannot be loaded, the doctor alone, who finds out why. */
async function commands(): Promise<(args: string[]) => Promise<number>> {
  try {
    return (await import('./program.ts')).run
  } catch (error) {
    process.stderr.write(`simclr: a package that it needs cannot be loaded: ${(error as Error).message}\n\n`)
    const { runDoctor } = await import('./doctor.ts')
    return runDoctor
  }
}

const run = await commands()
const code = await run(process.argv.slice(2))
// What was printed last may fail yet.
const unwritten = await new Promise<Error | null | undefined>((done) => process.stdout.write('', done))
const failure: NodeJS.ErrnoException | null = lost ?? unwritten ?? null
if (failure && failure.code !== 'EPIPE') {
  process.stderr.write(`simclr: what it printed on stdout could not all be written: ${failure.message}\n`)
  process.exit(1)
}
process.exit(code)
