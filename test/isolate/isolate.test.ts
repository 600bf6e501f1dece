import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect } from 'chai'
import sharp from 'sharp'
import { SimclrError } from '../../lib/addon/errors.ts'
import { loadAddon } from '../../lib/addon/load.ts'
import type { ImageSource, RawImage } from '../../lib/data/types.ts'
import { train } from '../../lib/train.ts'
import { newestCheckpoint } from '../../lib/weights/checkpoint.ts'
import { temporaryFolder } from '../support/folder.ts'
import { rejection } from '../support/rejection.ts'
import { listener, numbers, tiny } from '../support/tiny.ts'

const isolated = { ...tiny, isolate: true } as const

/** As many scenes as `tiny` has, as raw images. */
async function scenes(count = 48): Promise<RawImage[]> {
  const store = new (loadAddon().ImageStore)(count)
  await store.fillScenes({ seed: 3, first: 0, count, size: 16 })
  const images = Array.from({ length: count }, (_, i) => store.get(i))
  store.dispose()
  return images
}

describe('train({ isolate: true })', function () {
  this.timeout(120_000)
  const path = temporaryFolder()
  const encoderOf = (run: string) => readFileSync(path(run, 'encoder.safetensors'))

  it('gives the run that training here gives, bit for bit, with the same events', async () => {
    const here = listener()
    const there = listener()
    const one = await train({ ...tiny, out: path('here'), onProgress: here.onProgress })
    const other = await train({ ...isolated, out: path('there'), onProgress: there.onProgress })
    expect(numbers(there.events)).to.deep.equal(numbers(here.events)).and.have.length(12)
    const types = (events: typeof here.events) =>
      events.map(({ type }) => type).filter((type) => type !== 'checkpoint')
    expect(types(there.events)).to.deep.equal(types(here.events))
    expect(encoderOf('there').equals(encoderOf('here'))).to.equal(true)
    expect(other.config).to.deep.equal(one.config)
    expect(other.history.map(({ loss }) => loss)).to.deep.equal(one.history.map(({ loss }) => loss))
    const image = (await scenes(1))[0]!
    expect(await other.encoder.embed([image])).to.deep.equal(await one.encoder.embed([image]))
    one.encoder.dispose()
    other.encoder.dispose()
  })

  it('computes in another process, whose id its first event tells', async () => {
    const { events, onProgress } = listener()
    const run = await train({ ...isolated, epochs: 1, out: path('pid'), onProgress })
    run.encoder.dispose()
    const start = events.find((event) => event.type === 'start')
    expect(start).to.have.property('pid').that.is.a('number').and.not.equal(process.pid)
  })

  it('rejects with the reason of the signal, and goes on from the checkpoint to the same bits', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    const failure = await rejection(
      train({
        ...isolated,
        out: path('aborted'),
        signal: controller.signal,
        onProgress: (event) => event.type === 'step' && event.step === 4 && controller.abort(reason),
      }),
    )
    expect(failure).to.equal(reason)
    const checkpoint = await newestCheckpoint(path('aborted', 'checkpoints'), () => expect.fail('damaged'))
    expect(checkpoint!.step).to.be.within(5, 11)
    const run = await train({ ...isolated, out: path('aborted') })
    run.encoder.dispose()
    expect(encoderOf('aborted').equals(encoderOf('here'))).to.equal(true)
  })

  it('starts nothing for a signal that is aborted already', async () => {
    const reason = new Error('never mind')
    const failure = await rejection(train({ ...isolated, signal: AbortSignal.abort(reason) }))
    expect(failure).to.equal(reason)
  })

  it('ends with what onProgress throws', async () => {
    const mine = new Error('mine')
    const onProgress = (event: { type: string }) => {
      if (event.type === 'step') throw mine
    }
    expect(await rejection(train({ ...isolated, out: path('thrown'), onProgress }))).to.equal(mine)
  })

  it('rejects with the errors that training here has', async () => {
    const invalid = await rejection(train({ ...isolated, epochs: 0 }))
    expect(invalid).to.be.instanceOf(SimclrError).with.property('code', 'ERR_SIMCLR_INVALID_ARGUMENT')
    const missing = await rejection(train({ ...isolated, data: path('nowhere'), out: path('none') }))
    expect(missing).to.be.instanceOf(SimclrError).with.property('code', 'ERR_SIMCLR_DATA')
    expect(missing.message).to.contain('nowhere')
    expect(missing.stack).to.contain('open.ts')
    const diverged = await rejection(
      train({
        ...isolated,
        optimizer: { name: 'sgd', lr: 1e30 },
        schedule: { warmupEpochs: 0 },
        out: path('diverged'),
      }),
    )
    expect(diverged).to.have.property('code', 'ERR_SIMCLR_DIVERGED')
    expect(diverged)
      .to.have.property('checkpoint')
      .that.matches(/diverged\/checkpoints\/step-\d+\.safetensors$/)
  })

  it('lets two runs go at once, in folders of their own only', async () => {
    const [one, other] = await Promise.all([
      train({ ...isolated, out: path('first') }),
      train({ ...isolated, out: path('second') }),
    ])
    one.encoder.dispose()
    other.encoder.dispose()
    expect(encoderOf('first').equals(encoderOf('second'))).to.equal(true)
    const results = await Promise.allSettled([
      train({ ...isolated, out: path('shared') }),
      train({ ...isolated, out: path('shared') }),
    ])
    for (const result of results) if (result.status === 'fulfilled') result.value.encoder.dispose()
    const refused = results.filter((result) => result.status === 'rejected')
    expect(refused.map(({ reason }) => reason.code)).to.deep.equal(['ERR_SIMCLR_BUSY'])
  })

  describe('with images that only the app can reach', () => {
    let images: RawImage[]
    let closed = 0

    it('closes its source where no run can begin', async () => {
      const before = process.cwd()
      mkdirSync(path('nowhere'))
      writeFileSync(path('nowhere', 'runs'), '')
      process.chdir(path('nowhere'))
      try {
        closed = 0
        const data = source({ read: async (index) => images[index]! })
        const failure = await rejection(train({ ...isolated, data }))
        expect(failure).to.be.instanceOf(SimclrError).with.property('code', 'ERR_SIMCLR_IO')
        expect(closed).to.equal(1)
      } finally {
        process.chdir(before)
      }
    })

    const source = (more: Partial<ImageSource>): ImageSource => ({
      name: 'mine',
      count: images.length,
      close: () => void closed++,
      ...more,
    })
    const trained = async (name: string, data: ImageSource | RawImage[], isolate: boolean) => {
      const run = await train({ ...tiny, epochs: 1, data, isolate, out: path(name) })
      run.encoder.dispose()
      return run
    }
    before(async () => {
      images = await scenes()
    })

    for (const [name, data] of [
      ['array', () => images],
      ['source that reads in any order', () => source({ read: async (index) => images[index]! })],
      [
        'source that reads from front to back',
        () =>
          source({
            async *stream() {
              yield* images
            },
          }),
      ],
    ] as const) {
      it(`reads an ${name} as training here does`, async () => {
        await trained(`${name} here`, data(), false)
        await trained(`${name} there`, data(), true)
        expect(encoderOf(`${name} there`).equals(encoderOf(`${name} here`))).to.equal(true)
      })
    }

    it('reads file: URLs that a source gives, which no message could carry', async () => {
      const { data, ...raw } = images[0]!
      const file = path('image.png')
      writeFileSync(file, await sharp(data, { raw }).png().toBuffer())
      const read = async () => pathToFileURL(file)
      await trained('url here', source({ read }), false)
      await trained('url there', source({ read }), true)
      expect(encoderOf('url there').equals(encoderOf('url here'))).to.equal(true)
    })

    it('leaves out images that cannot be read, under the names they have here', async () => {
      const read = async (index: number) => {
        if (index === 7) throw new Error('the row is gone')
        return images[index]!
      }
      const gaps = source({ read, nameOf: (index) => `row ${index}` })
      const { skipped } = await trained('gaps here', gaps, false)
      closed = 0
      expect((await trained('gaps there', gaps, true)).skipped).to.deep.equal(skipped)
      expect(skipped).to.have.length(1)
      expect(skipped[0]).to.include({ name: 'row 7', reason: 'unreadable' })
      expect(closed).to.equal(1)
    })

    it('stops with a SimclrError of the source', async () => {
      const unusable = [{ index: 3, reason: 'wet' }]
      const read = async () => {
        throw new SimclrError('ERR_SIMCLR_IO', 'the database is down', { cause: 'the weather', unusable })
      }
      const failure = await rejection(trained('down', source({ read }), true))
      expect(failure).to.be.instanceOf(SimclrError).with.property('code', 'ERR_SIMCLR_IO')
      expect(failure.message).to.equal('the database is down')
      expect(failure).to.deep.include({ cause: 'the weather', unusable })
    })

    it('resumes', async () => {
      const data = source({ read: (index) => images[index]! })
      const controller = new AbortController()
      const onProgress = (event: { type: string }) => event.type === 'step' && controller.abort()
      await rejection(train({ ...isolated, data, out: path('again'), signal: controller.signal, onProgress }))
      const run = await train({ ...isolated, data, out: path('again') })
      run.encoder.dispose()
      const whole = await train({ ...tiny, data, out: path('whole') })
      whole.encoder.dispose()
      expect(encoderOf('again').equals(encoderOf('whole'))).to.equal(true)
      expect(join(run.folder)).to.equal(path('again'))
    })
  })
})
