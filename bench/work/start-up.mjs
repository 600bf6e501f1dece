/** start-up.mjs: prints the seconds from `import 'simclr'` to the end of the first step on the embedded sample. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const begin = performance.now()
const { train } = await import('simclr') // the compiled package, as an app has it
const out = await mkdtemp(join(tmpdir(), 'simclr-bench-start-'))
const controller = new AbortController()
let seconds
try {
  await train({
    out,
    report: false,
    signal: controller.signal,
    onProgress({ type }) {
      if (type !== 'step') return
      seconds ??= (performance.now() - begin) / 1000
      controller.abort()
    },
  })
} catch (error) {
  if (seconds === undefined) throw error // else it is the abort that was asked for
}
await rm(out, { recursive: true })
console.log(seconds)
