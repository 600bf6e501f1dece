#!/usr/bin/env node
/** The entry of `simclr`; what it does is in program.ts. */

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0) // the reader has seen enough, as with `| head`
  throw error
})

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
