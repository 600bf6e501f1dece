#!/usr/bin/env node
/** The entry of `simclr`; what it does is in program.ts. */

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // What is at work, and has more to lose than its reader misses, goes on.
  if (process.listenerCount('SIGTERM') > 0) return
  if (error.code !== 'EPIPE') throw error
  process.exit(0) // the reader has seen enough, as with `| head`
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
process.exit(await run(process.argv.slice(2)))
