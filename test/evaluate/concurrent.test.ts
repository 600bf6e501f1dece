import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { Worker } from 'node:worker_threads'
import { expect } from 'chai'
import { Encoder } from '../../lib/encoder.ts'
import { train } from '../../lib/train.ts'
import { temporaryFolder } from '../support/folder.ts'
import { listener, tiny } from '../support/tiny.ts'

describe('several encoders at once', function () {
  this.timeout(240_000)
  const path = temporaryFolder()
  const seeds = [0, 1, 2, 3]
  const preprocessing = { imageSize: 16, convention: 'torch', normalize: null } as const
  const spec = {
    arch: 'resnet18',
    width: 0.25,
    stem: 'imagenet',
    convention: 'torch',
    skRatio: 0,
  } as const
  const images = Array.from({ length: 12 }, (_, i) => ({
    data: Uint8Array.from({ length: 16 * 16 * 3 }, (_, p) => (p * (2 * i + 3)) % 256),
    width: 16,
    height: 16,
    channels: 3 as const,
  }))
  const encoders: Encoder[] = []
  /** What each says alone. */
  const alone: Float32Array[] = []

  before(async () => {
    for (const seed of seeds) {
      const encoder = await Encoder.random(spec, preprocessing, { seed, threads: 1 })
      encoders.push(encoder)
      alone.push((await encoder.embed(images)).data)
      await encoder.save(path(`${seed}.safetensors`))
    }
    expect(alone[0]).not.to.deep.equal(alone[1])
  })
  after(() => {
    for (const encoder of encoders) encoder.dispose()
  })

  it('embed what each embeds alone, many calls under way', async () => {
    const calls = Array.from({ length: 32 }, (_, i) => encoders[i % 4]!.embed(images))
    for (const [i, { data }] of (await Promise.all(calls)).entries()) {
      expect(data, `call ${i}`).to.deep.equal(alone[i % 4])
    }
  })

  it('one is disposed of while all embed: its calls under way end, the others go on', async () => {
    const doomed = await Encoder.load(path('0.safetensors'), { threads: 1 })
    const calls = Array.from({ length: 24 }, (_, i) => (i % 2 ? doomed : encoders[1]!).embed(images))
    doomed.dispose()
    const settled = await Promise.allSettled(calls)
    for (const [i, result] of settled.entries()) {
      if (result.status === 'fulfilled')
        expect(result.value.data, `call ${i}`).to.deep.equal(alone[1 - (i % 2)])
      else expect([i % 2, result.reason.code], `call ${i}`).to.deep.equal([1, 'ERR_SIMCLR_DISPOSED'])
    }
    expect(settled.filter(({ status }) => status === 'fulfilled')).to.have.length.of.at.least(12)
  })

  it('embed while training goes on, and neither changes the other', async () => {
    const steps = async (out: string) => {
      const { events, onProgress } = listener()
      ;(await train({ ...tiny, out: path(out), onProgress })).encoder.dispose()
      return events.flatMap((event) => (event.type === 'step' ? [event.loss] : []))
    }
    const undisturbed = await steps('undisturbed')
    const running = { yes: true }
    const disturbed = steps('disturbed').finally(() => {
      running.yes = false
    })
    let calls = 0
    for (; running.yes; calls++) {
      const at = calls % 4
      expect((await encoders[at]!.embed(images)).data).to.deep.equal(alone[at])
    }
    expect(calls).to.be.above(0)
    expect(await disturbed).to.deep.equal(undisturbed)
  })

  it('embed in several workers at once; some are terminated in the middle', async () => {
    // Compiled, as apps have it: tsx does not reach into workers.
    writeFileSync(
      path('worker.mjs'),
      `import { parentPort, workerData } from 'node:worker_threads'
       import { Encoder } from '${new URL('../../dist/encoder.js', import.meta.url)}'
       const encoder = await Encoder.load(workerData.file, { threads: 1 })
       for (let i = 0; i < workerData.calls; i++) {
         parentPort.postMessage((await encoder.embed(workerData.images)).data)
       }
       encoder.dispose()`,
    )
    const work = (seed: number, calls: number) => {
      const file = path(`${seed}.safetensors`)
      const worker = new Worker(path('worker.mjs'), { workerData: { file, images, calls } })
      const features: Float32Array[] = []
      worker.on('message', (data) => features.push(data))
      return { worker, features, ended: once(worker, 'exit') }
    }
    const endless = Array.from({ length: 4 }, () => work(3, 1e9))
    const finite = seeds.slice(0, 3).map((seed) => work(seed, 20))
    for (const { worker, features } of endless) {
      if (features.length === 0) await once(worker, 'message')
      await worker.terminate()
    }
    for (const [seed, { features, ended }] of finite.entries()) {
      expect(await ended).to.deep.equal([0])
      expect(features).to.have.length(20)
      for (const data of features) expect(data).to.deep.equal(alone[seed])
    }
    for (const { features } of endless) expect(features[0]).to.deep.equal(alone[3])
    expect((await encoders[3]!.embed(images)).data).to.deep.equal(alone[3])
  })

  it('a worker that is terminated leaves what it has queued', async () => {
    const count = 400
    const begun = performance.now()
    for (let i = 0; i < 20; i++) await encoders[0]!.embed(images)
    const all = (count / 20) * (performance.now() - begun)
    writeFileSync(
      path('queue.mjs'),
      `import { parentPort, workerData } from 'node:worker_threads'
       import { Encoder } from '${new URL('../../dist/encoder.js', import.meta.url)}'
       const encoder = await Encoder.load(workerData.file, { threads: 1 })
       const calls = Array.from({ length: ${count} }, () => encoder.embed(workerData.images))
       await calls[0]
       parentPort.postMessage('queued')`,
    )
    const worker = new Worker(path('queue.mjs'), { workerData: { file: path('0.safetensors'), images } })
    await once(worker, 'message')
    const told = performance.now()
    await worker.terminate()
    // The call under way ends; the hundreds behind it would take all their time.
    expect(performance.now() - told).to.be.below(all / 3)
  })
})
