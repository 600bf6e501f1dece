import { existsSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import type { TrainOptions } from '../../lib/config/options.ts'
import { readImages } from '../../lib/data/images.ts'
import type { DataInput } from '../../lib/data/open.ts'
import type { ImageSource, RawImage } from '../../lib/data/types.ts'
import { simclr } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { rejection } from '../support/rejection.ts'
import { listener, tiny, trained } from '../support/tiny.ts'

const named = 'synthetic:scenes,count=200,size=16,split=test'

describe('validation on images in memory', function () {
  this.timeout(120_000)
  const path = temporaryFolder()
  let images: RawImage[]
  let labels: Int32Array
  let classNames: string[]
  let closed = 0

  const run = (name: string, data: DataInput | null | undefined, more: TrainOptions = {}) =>
    trained({ ...tiny, epochs: 3, ...more, validation: { data, ...more.validation }, out: path(name) })
  const source = (more: Partial<ImageSource> = {}): ImageSource => ({
    ...{ name: 'mine', count: images.length, labels, classNames },
    read: async (index) => images[index]!,
    close: () => void closed++,
    ...more,
  })
  const configOf = (name: string) => JSON.parse(readFileSync(path(name, 'config.json'), 'utf8'))

  before(async () => {
    const held = await readImages(named, { imageSize: 16 })
    images = Array.from({ length: held.count }, (_, index) => held.store.get(index))
    labels = held.labels!
    classNames = [...held.classNames!]
    await held.dispose()
  })

  it('is what it is on the same images by name, of an array and of sources of any kind', async () => {
    const { history, best } = await run('named', named)
    const stream = async function* () {
      yield* images
    }
    const forms = [
      ['array', { images, labels, classNames }, 'the array of images'],
      ['read', source(), 'mine'],
      ['stream', { name: 'mine', count: images.length, labels, classNames, stream }, 'mine'],
    ] as const
    for (const [form, data, name] of forms) {
      const own = await run(form, data)
      expect(own.history.map(({ validation }) => validation)).to.deep.equal(
        history.map(({ validation }) => validation),
      )
      expect(own.best).to.deep.equal({ ...best, path: path(form, 'best.safetensors') })
      expect(own.config.validation).not.to.have.property('data')
      expect(configOf(form).validation).to.deep.equal({ name, images: images.length })
      expect(JSON.stringify(configOf(form).why)).not.to.contain('validation.data')
    }
    expect(closed).to.equal(1)
    expect(configOf('named').options.validation.data).to.equal(named)
  })

  it('ends a run that does not get better', async () => {
    const all = await run('patient', source(), { epochs: 12 })
    const impatient = await run('impatient', source(), { epochs: 12, validation: { patience: 1 } })
    expect(impatient.history.length).to.be.below(12)
    expect(impatient.history.at(-1)!.validation).to.be.at.most(impatient.best!.accuracy)
    expect(all.history).to.have.length(12)
  })

  it('goes on with the same images or without, and says so where they are not passed', async () => {
    const first = await run('again', source())
    const more = { ...tiny, epochs: 5, out: path('again') }
    const error = await rejection(trained(more))
    expect(error).to.have.property('code', 'ERR_SIMCLR_INVALID_ARGUMENT')
    expect(error.message).to.match(
      /`validation\.data`: the run of .+ had a source in memory\. Pass the same one, or null/,
    )
    const { history, best } = await run('again', source(), { epochs: 5 })
    expect(history.slice(0, 3).map(({ validation }) => validation)).to.deep.equal(
      first.history.map(({ validation }) => validation),
    )
    expect(best!.accuracy).to.be.at.least(first.best!.accuracy)
    const { events, onProgress } = listener()
    const other = source({ count: 20, labels: labels.slice(0, 20) })
    await run('again', other, { epochs: 6, onProgress })
    expect(
      events.some(({ type }) => type === 'best'),
      'other images count anew',
    ).to.equal(true)
    const without = await run('again', null, { epochs: 7 })
    expect(without.history.at(-1)!.validation).to.equal(null)
  })

  it('reaches a process of its own, beside images to train on, and is refused by several', async () => {
    const data = { images: images.slice(0, 32), labels: labels.slice(0, 32), classNames }
    const here = await run('here', source(), { data })
    closed = 0
    const there = await run('there', source(), { data, isolate: true })
    expect(closed).to.equal(1)
    expect(there.history.map(({ validation }) => validation)).to.deep.equal(
      here.history.map(({ validation }) => validation),
    )
    expect(there.best!.accuracy).to.equal(here.best!.accuracy)
    const error = await rejection(run('ranks', source(), { processes: 2 }))
    expect(error.message).to.match(/data by name for `validation\.data` with several `processes`/)
    expect(existsSync(path('ranks'))).to.equal(false)
  })

  it('is asked for by simclr train --config, as images to train on are', async () => {
    await run('config', source(), { data: images, epochs: 1 })
    const again = ['train', '--config', path('config', 'config.json'), '--out', path('refused')]
    const { code, stderr } = await simclr(again)
    expect(code).to.equal(2)
    expect(stderr).to.match(/Expected `--data`: the run of .+ had a source in memory, 'the array of images'/)
    const named = await simclr([...again, '--data', tiny.data])
    expect(named.code).to.equal(2)
    expect(named.stderr).to.match(/Expected `--validation`: the run of .+ had a source in memory, 'mine'/)
    expect(existsSync(path('refused'))).to.equal(false)
  })
})
