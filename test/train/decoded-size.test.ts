import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { expect } from 'chai'
import sharp from 'sharp'
import type { TrainOptions } from '../../lib/config/options.ts'
import type { ImageSource } from '../../lib/data/types.ts'
import type { TrainEvent } from '../../lib/run/events.ts'
import { train } from '../../lib/train.ts'
import { temporaryFolder } from '../support/folder.ts'
import { rejection } from '../support/rejection.ts'
import { tiny } from '../support/tiny.ts'

/** Noise, of which every pixel matters. */
function noise(index: number, size: number) {
  const data = Buffer.alloc(size * size * 3)
  let x = index * 7919 + 1
  for (let i = 0; i < data.length; i++) {
    x = (Math.imul(x, 1103515245) + 12345) >>> 0
    data[i] = x >>> 24
  }
  return { data, width: size, height: size, channels: 3 as const }
}

describe('images of mixed sizes, whose usual size decides the views', function () {
  this.timeout(120_000)
  const path = temporaryFolder()
  const count = 24
  const image = (index: number) => noise(index, index % 3 === 0 ? 300 : 24)
  const bytes = (run: string) => readFileSync(path(run, 'encoder.safetensors')).toString('base64')
  const options = (data: TrainOptions['data']): TrainOptions => {
    const { encoder, precision, threads, probe, checkpoint, report } = tiny
    const more = { schedule: { warmupEpochs: 0 }, batchSize: 8, steps: 4 }
    return { data, preset: 'torch', encoder, precision, threads, probe, checkpoint, report, ...more }
  }
  const whole = async (given: TrainOptions) => (await train(given)).encoder.dispose()

  before(async () => {
    await mkdir(path('images'))
    for (let i = 0; i < count; i++) {
      const { data, ...raw } = image(i)
      await sharp(data, { raw })
        .png()
        .toFile(path('images', `${i}.png`.padStart(6, '0')))
    }
  })

  const source = (access: Partial<ImageSource>): ImageSource => ({ name: 'noise', count, ...access })
  for (const [name, data] of Object.entries({
    'a folder': () => path('images'),
    'read one by one': () => source({ read: image }),
    'read from front to back': () =>
      source({
        async *stream() {
          for (let i = 0; i < count; i++) yield image(i)
        },
      }),
  })) {
    it(`are decoded alike by a run that is resumed, and by one run again: ${name}`, async () => {
      await whole({ ...options(data()), out: path(name, 'whole') })
      const stop = new AbortController()
      const onProgress = (event: TrainEvent) => event.type === 'step' && event.step === 1 && stop.abort()
      await rejection(
        train({ ...options(data()), out: path(name, 'parts'), signal: stop.signal, onProgress }),
      )
      await whole({ data: data(), out: path(name, 'parts') })
      expect(bytes(`${name}/parts`)).to.equal(bytes(`${name}/whole`))
      const { options: again } = JSON.parse(readFileSync(path(name, 'whole', 'config.json'), 'utf8'))
      expect(again.imageSize).to.equal(24)
      await whole({ ...again, data: data(), report: false, out: path(name, 'again') })
      expect(bytes(`${name}/again`)).to.equal(bytes(`${name}/whole`))
    })
  }
})
