#!/usr/bin/env node
/** The entry of `simclr`; what it does is in program.ts. */
import { run } from './program.ts'

process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0) // the reader has seen enough, as with `| head`
  throw error
})
process.exit(await run(process.argv.slice(2)))
