#!/usr/bin/env node
/** The entry of `simclr`; what it does is in program.ts. */

let isUnread = false
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  if (isUnread) return
  isUnread = true
  // The reader has seen enough, as with `| head`. What has something to lose ends as when it is interrupted.
  if (process.listenerCount('SIGTERM') === 0) process.exit(0)
  process.kill(process.pid, 'SIGTERM')
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
