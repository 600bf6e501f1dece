/**
 * 1,000 requests to the service, 32 at a time, one in ten no image: each gets its answer, nearest is right, and memory
 * is flat. node --expose-gc test.js RUN
 */
import assert from 'node:assert/strict'
import sharp from 'sharp'
import { Encoder } from 'simclr'
import { createService } from './service.js'

const requests = 1000
const encoder = await Encoder.load(process.argv[2])
const app = createService(encoder)
const address = await app.listen({ port: 0, host: '127.0.0.1' })

/** Image `i` of twenty that differ in colour and pattern. */
const picture = (i) => {
  const pixels = Uint8Array.from({ length: 48 * 48 * 3 }, (_, at) => {
    const [x, y, c] = [Math.floor(at / 3) % 48, Math.floor(at / 144), at % 3]
    return 128 + 100 * Math.sin((x * (i % 5) + y * (i >> 2)) / 7 + c * i)
  })
  return sharp(pixels, { raw: { width: 48, height: 48, channels: 3 } })
    .png()
    .toBuffer()
}
const pictures = await Promise.all(Array.from({ length: 20 }, (_, i) => picture(i)))
const bad = [Buffer.from('not an image'), pictures[0].subarray(0, 60), Buffer.alloc(1000)]
const send = (method, path, body) =>
  fetch(address + path, { method, body, headers: { 'content-type': 'application/octet-stream' } })

for (const [i, body] of pictures.entries())
  assert.equal((await send('PUT', `/images/${i}`, body)).status, 201)

const memory = []
const counts = { 200: 0, 422: 0 }
const before = (await (await send('GET', '/statistics')).json()).batches
let next = 0
async function client() {
  for (;;) {
    const i = next++
    if (i >= requests) return
    if (i % 100 === 50) {
      global.gc()
      memory.push(process.memoryUsage.rss() / 1e6)
    }
    const isBad = i % 10 === 9
    const response = await send('POST', '/nearest?k=3', isBad ? bad[i % 3] : pictures[i % 20])
    const answer = await response.json()
    assert.equal(response.status, isBad ? 422 : 200, JSON.stringify(answer))
    counts[response.status]++
    if (isBad) {
      assert.equal(answer.code, 'ERR_SIMCLR_DATA')
      continue
    }
    assert.equal(answer.length, 3)
    assert.ok(
      answer[0].similarity > 0.9999,
      `image ${i % 20} is nearest to itself: ${JSON.stringify(answer)}`,
    )
  }
}
await Promise.all(Array.from({ length: 32 }, client))

const { batches, refused, images } = await (await send('GET', '/statistics')).json()
assert.deepEqual(counts, { 200: 900, 422: 100 })
assert.equal(refused, 100)
assert.equal(images, 20)
assert.ok(batches - before < requests / 2, `${batches} batches for ${requests} requests`)
console.log(
  `service: ${requests} requests in ${batches - before} batches, MB: ${memory.map(Math.round).join(' ')}`,
)
assert.ok(Math.max(...memory.slice(-3)) < 1.08 * Math.max(...memory.slice(0, 3)), 'memory is flat')
await app.close()
encoder.dispose()
