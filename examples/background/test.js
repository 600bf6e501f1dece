/** While a run goes on in a process of its own, the server answers and its event loop is not held up. node test.js */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setTimeout } from 'node:timers/promises'
import { startServer } from './background.js'

const folder = await mkdtemp(join(tmpdir(), 'simclr-background-'))
const tiny = {
  preset: 'torch',
  encoder: { width: 0.25, stem: 'imagenet' },
  batchSize: 16,
  imageSize: 32,
  threads: 1,
}
const data = 'synthetic:scenes,count=256,size=32'
const { server, training, stop } = startServer({ ...tiny, data, epochs: 100_000, out: join(folder, 'run') })
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
const ask = async () => (await fetch(`http://127.0.0.1:${server.address().port}`)).json()

for (let told = await ask(); told.step < 5; told = await ask()) {
  assert.equal(told.state, 'training', told.error) // a run that has failed takes no further step
  await setTimeout(50)
}
const delay = monitorEventLoopDelay({ resolution: 5 })
delay.enable()
const first = await ask()
for (let i = 0; i < 100; i++) {
  assert.equal((await ask()).state, 'training')
  await setTimeout(10)
}
delay.disable()
const last = await ask()
assert.ok(last.step > first.step, 'it trains while it answers')
// Generous: a step held on this thread, or its data, would show on a machine that is not overrun.
assert.ok(delay.max < 1e9, `the event loop was held up for ${(delay.max / 1e6).toFixed(0)} ms`)
stop()
assert.equal(await training, null)
assert.equal((await ask()).state, 'stopped')
console.log(
  `background: ${last.step - first.step} steps beside 100 answers; event loop delay, median ${(delay.percentile(50) / 1e6).toFixed(1)} ms, at most ${(delay.max / 1e6).toFixed(1)} ms`,
)
server.close()
await rm(folder, { recursive: true })
