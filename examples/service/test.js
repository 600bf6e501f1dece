/**
 * 1,000 requests to the service in a process of its own, 32 at a time: a tenth uploads images, a tenth is no image, the
 * others ask for the nearest. Each gets its answer, and the right one; they are embedded in batches; memory is flat.
 *
 *   node test.js RUN
 */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import sharp from 'sharp'
import { Encoder } from 'simclr'

const clients = 32
const side = 128
/** Bytes of a request's pixels, which are of noise: so many has its PNG too. */
const upload = side * side * 3
/**
 * Growth of the service's memory that passes, from 300 requests to 1,000: 24 KB a request, half of what each leaves
 * behind if its body or its pixels are kept. By 300 requests threads, allocators' arenas and JavaScript's heap have what
 * they need.
 */
const allowedGrowth = 700 * (upload / 2)

/** Image `i`: noise of a colour, contrast and grain of its own. */
const picture = (i) => {
  let state = i + 1
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  }
  const [red, green, blue] = [
    60 + (i % 5) * 30,
    60 + (Math.floor(i / 5) % 5) * 30,
    60 + Math.floor(i / 25) * 40,
  ]
  const pixels = Uint8Array.from({ length: upload }, (_, at) => [red, green, blue][at % 3] + 50 * random())
  return sharp(pixels, { raw: { width: side, height: side, channels: 3 } })
    .png()
    .toBuffer()
}
const pictures = await Promise.all(Array.from({ length: 100 }, (_, i) => picture(i)))
const bad = [Buffer.from('not an image'), pictures[0].subarray(0, 60), Buffer.alloc(1000), Buffer.alloc(0)]

/** What the service must answer, from features that are made here, one image at a time. */
const run = process.argv[2]
const encoder = await Encoder.load(run)
const vectors = []
for (const bytes of pictures) {
  const { data } = await encoder.embed([bytes])
  const length = Math.hypot(...data)
  vectors.push(data.map((value) => value / length))
}
encoder.dispose()
const similarity = (a, b) => a.reduce((sum, value, i) => sum + value * b[i], 0)
const nearest = vectors.map((vector) =>
  vectors
    .map((other, i) => ({ name: `${i}`, similarity: similarity(vector, other) }))
    .sort((a, b) => b.similarity - a.similarity),
)
const tolerance = 1e-5
// An answer to another request would be seen: no two images are that similar.
for (const [, second] of nearest) assert.ok(second.similarity < 1 - 10 * tolerance, `${second.similarity}`)

/** The collector comes often, so that memory shows what is kept and not what it has not come to. */
const collecting = ['--expose-gc', '--import', 'data:text/javascript,setInterval(gc, 200).unref()']
const service = spawn(process.execPath, [...collecting, join(import.meta.dirname, 'service.js'), run, '0'], {
  stdio: ['ignore', 'pipe', 'inherit'],
})
const address = await new Promise((resolve, reject) => {
  createInterface(service.stdout).once('line', resolve)
  service.once('exit', (code) => reject(new Error(`the service ended with ${code}`)))
})
const residentBytes = () => {
  return 1024 * Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${service.pid}/status`, 'utf8'))[1])
}
const send = (method, path, body) =>
  fetch(address + path, {
    method,
    body,
    headers: { 'content-type': 'application/octet-stream' },
    signal: AbortSignal.timeout(30_000), // a request that is lost
  })

const answered = { uploads: 0, questions: 0, refusals: 0 }
const memory = []

async function put(i) {
  assert.equal((await send('PUT', `/images/${i}`, pictures[i])).status, 201)
  answered.uploads++
}

async function ask(i) {
  const response = await send('POST', '/nearest?k=3', pictures[i])
  const answer = await response.json()
  assert.equal(response.status, 200, JSON.stringify(answer))
  assert.equal(answer.length, 3)
  assert.equal(answer[0].name, `${i}`, 'an image is nearest to itself')
  for (const [place, found] of answer.entries()) {
    assert.ok(Math.abs(found.similarity - nearest[i][place].similarity) < tolerance, JSON.stringify(answer))
  }
  answered.questions++
}

async function sendBad(i) {
  const response = await send('POST', '/nearest', bad[i % bad.length])
  const answer = await response.json()
  assert.equal(response.status, 422, JSON.stringify(answer))
  assert.equal(answer.code, 'NOT_AN_IMAGE')
  answered.refusals++
}

/** Does `count` requests, as many at once as there are clients; `request(i)` sends the i-th. */
async function load(count, request) {
  let next = 0
  const client = async () => {
    while (next < count) {
      await request(next++)
      if (Object.values(answered).reduce((a, b) => a + b) % 100 === 0) memory.push(residentBytes())
    }
  }
  await Promise.all(Array.from({ length: clients }, client))
}

try {
  await load(100, put)
  await load(900, (i) => (i % 9 === 4 ? sendBad(i) : ask((i * 37) % 100)))
  const { requests, batches, calls, refused, images } = await (await send('GET', '/statistics')).json()
  console.log(
    `service: ${requests} requests in ${batches} batches and ${calls} calls of the encoder; MB after each 100: ` +
      memory.map((bytes) => Math.round(bytes / 1e6)).join(' '),
  )
  assert.deepEqual(answered, { uploads: 100, questions: 800, refusals: 100 })
  assert.deepEqual({ requests, refused, images }, { requests: 1000, refused: 100, images: 100 })
  // Fewer than 8 images a call would hardly be batching.
  assert.ok(calls <= requests / 8, `${calls} calls`)
  assert.equal(memory.length, 10)
  const growth = memory[9] - memory[2]
  assert.ok(growth < allowedGrowth, `memory grew by ${growth} bytes from 300 requests to 1,000`)
} finally {
  service.kill()
}
