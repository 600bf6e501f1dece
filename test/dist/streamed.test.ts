import { mkdirSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import sharp from 'sharp'
import type { SimclrError } from '../../lib/addon/errors.ts'
import type { TrainOptions } from '../../lib/config/options.ts'
import { freePort } from '../../lib/io/port.ts'
import { train } from '../../lib/train.ts'
import { temporaryFolder } from '../support/folder.ts'
import { rejection } from '../support/rejection.ts'
import { tiny, trained } from '../support/tiny.ts'
import { endless, LaunchedRank } from './launched.ts'

/** 13 files of which 12 are images: as many as a run has that keeps them in memory, while one that streams counts all. */
describe('images of which one cannot be used, in memory and streamed', function () {
  this.timeout(60_000)
  const path = temporaryFolder()
  const { availableMemory } = process
  afterEach(() => {
    process.availableMemory = availableMemory
  })

  before(async () => {
    mkdirSync(path('photos'))
    for (let i = 0; i < 12; i++) {
      await sharp({ create: { width: 16, height: 16, channels: 3, background: { r: 20 * i, g: 99, b: 7 } } })
        .png()
        .toFile(path('photos', `${i}.png`))
    }
    writeFileSync(path('photos', 'broken.png'), 'no image')
  })

  const options = (out: string, more: TrainOptions): TrainOptions => ({
    ...{ ...tiny, data: path('photos'), imageSize: 16, batchSize: 4, out: path(out) },
    ...more,
  })

  /** How a run that has begun with `first` refuses to go on with `then`. */
  async function refusal(out: string, first: TrainOptions, then: TrainOptions): Promise<SimclrError> {
    await trained(options(out, { ...first, epochs: 1 }))
    return (await rejection(train(options(out, { ...then, epochs: 2 })))) as SimclrError
  }

  it("a run that had them in memory does not go on with streamed ones: it asks for `stream`: 'off'", async () => {
    const refused = await refusal('kept', { stream: 'off' }, { stream: 'on' })
    expect(refused.code).to.equal('ERR_SIMCLR_CHECKPOINT')
    expect(refused.message).to.match(/Expected 12 for `number of images in data`, .* but received 13\./)
    expect(refused.message).to.contain(
      "Give `stream`: 'off', for which fewer processes leave each more memory,",
    )
    await trained(options('kept', { stream: 'off', epochs: 2 }))
  })

  it("... and the other way round: 'on'", async () => {
    const refused = await refusal('streamed', { stream: 'on' }, { stream: 'off' })
    expect(refused.message).to.match(
      /Expected 13 .* received 12\..* Give `stream`: 'on' to go on with this run/,
    )
    await trained(options('streamed', { stream: 'on', epochs: 2 }))
  })

  it("... also where 'auto' finds other memory than before", async () => {
    await trained(options('auto', { epochs: 1 }))
    process.availableMemory = () => 1000
    const refused = await rejection(train(options('auto', { epochs: 2 })))
    expect(refused.message).to.contain("Give `stream`: 'off'")
  })

  it('where neither is the reason it asks for the images that there were', async () => {
    await trained(options('fewer', { epochs: 1 }))
    const refused = await rejection(
      train(options('fewer', { data: `synthetic:scenes,count=40,size=16`, epochs: 2 })),
    )
    expect(refused.message).to.contain('Take the images that there were then to go on with this run')
  })

  it('ranks of which one streams them: each is told of both, and what to give', async () => {
    const port = await freePort()
    const flags = (stream: string) =>
      endless(path('ranks'), [
        '--data',
        path('photos'),
        '--image-size',
        '16',
        '--batch-size',
        '4',
        '--stream',
        stream,
      ])
    const ranks = ['off', 'on'].map(
      (stream, rank) => new LaunchedRank({ rank, size: 2, port }, flags(stream)),
    )
    for (const rank of ranks) {
      expect(await rank.end()).to.equal(1)
      expect(rank.stderr).to.contain(
        'rank 1 has 13 (decoded when they are needed, those that cannot be used among them) and rank 0 12 (kept in memory, without those that cannot be used). Give all ranks one `stream`',
      )
    }
  })
})
