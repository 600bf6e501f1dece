import { rmSync } from 'node:fs'
import { expect } from 'chai'
import { Encoder, evaluate, SimclrError } from '../../lib/index.ts'
import { readNpy } from '../../lib/io/npy.ts'
import { toFloat64 } from '../../lib/io/tensor.ts'
import { listCheckpoints, readCheckpoint } from '../../lib/weights/checkpoint.ts'
import { simclr } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { rejection } from '../support/rejection.ts'
import { tiny, trained } from '../support/tiny.ts'

const raw = (grey: number) => ({
  data: Uint8Array.from({ length: 16 * 16 * 3 }, (_, i) => (grey + 7 * i) % 256),
  ...{ width: 16, height: 16, channels: 3 as const },
})
const images = [raw(40), raw(90), raw(200)]
const exactly = { precision: 'fp64', threads: 1 } as const

describe('what an encoder puts out', function () {
  this.timeout(180_000)
  const path = temporaryFolder()
  const heads = {
    torch: { layers: 2, dim: 24, convention: 'torch' },
    paper: { layers: 3, dim: 24, hidden: 40, convention: 'paper' },
    linear: { layers: 1, dim: 24, convention: 'torch' },
  } as const
  const newest = async (run: string) => (await listCheckpoints(path(run, 'checkpoints')))[0]!

  before(async () => {
    for (const [name, head] of Object.entries(heads))
      await trained({ ...tiny, epochs: 1, head, out: path(name) })
    await trained({
      ...{ ...tiny, encoder: undefined, preset: 'fine-tune', init: path('paper'), head: { keep: 1 } },
      ...{ epochs: 1, out: path('tuned') },
    })
  })

  /** The first layers of a head of `of` layers by hand, from the features of one image and a checkpoint's tensors. */
  async function layersOf(run: string, h: Float64Array, of: number, first = of): Promise<Float64Array[]> {
    const { tensors } = await readCheckpoint(await newest(run))
    const named = (name: string) => tensors.find((tensor) => tensor.name === `head.layers.${name}`)
    const out: Float64Array[] = []
    let x = h
    for (let layer = 0; layer < first; layer++) {
      const weight = toFloat64(named(`${3 * layer}.weight`)!)
      const norm = (name: string) => {
        const tensor = named(`${3 * layer + 1}.${name}`)
        return tensor && toFloat64(tensor)
      }
      const input = x
      x = Float64Array.from({ length: weight.length / input.length }, (_, o) => {
        const dense = input.reduce((sum, value, i) => sum + value * weight[o * input.length + i]!, 0)
        const normal = (dense - norm('running_mean')![o]!) / Math.sqrt(norm('running_var')![o]! + 1e-5)
        const y = normal * norm('weight')![o]! + (norm('bias')?.[o] ?? 0)
        return layer + 1 < of ? Math.max(0, y) : y
      })
      out.push(x)
    }
    return out
  }

  for (const [run, { layers, dim }] of Object.entries(heads)) {
    it(`is features, or what the head's ${layers} layers make of them (${run}), by hand`, async () => {
      using encoder = await Encoder.load(path(run), exactly)
      expect(encoder.output).to.equal('features')
      const h = await encoder.embed(images)
      for (const output of layers > 1 ? (['hidden', 'projection'] as const) : (['projection'] as const)) {
        for (const source of [path(run), await newest(run)]) {
          using through = await Encoder.load(source, { ...exactly, output })
          expect(through.output).to.equal(output)
          const { data, shape } = await through.embed(images)
          const width = output === 'projection' ? dim : run === 'paper' ? 40 : 128
          expect([shape, through.featureDim]).to.deep.equal([[3, width], width])
          for (const row of images.keys()) {
            const byLayer = await layersOf(
              run,
              Float64Array.from(h.data.subarray(128 * row, 128 * row + 128)),
              layers,
            )
            const wanted = output === 'projection' ? byLayer.at(-1)! : byLayer[0]!
            for (const [i, value] of wanted.entries())
              expect(data[row * width + i]).to.be.closeTo(value, 1e-4 * (1 + Math.abs(value)))
          }
        }
      }
    })
  }

  it('is the hidden layer that a fine-tuned encoder has kept, from its file alone', async () => {
    const file = path('tuned', 'encoder.safetensors')
    using encoder = await Encoder.load(file, exactly)
    using through = await Encoder.load(file, { ...exactly, output: 'hidden' })
    const [h, hidden] = [await encoder.embed(images.slice(0, 1)), await through.embed(images.slice(0, 1))]
    expect(hidden.shape).to.deep.equal([1, 40])
    const [wanted] = await layersOf('tuned', Float64Array.from(h.data), 3, 1)
    for (const [i, value] of wanted!.entries())
      expect(hidden.data[i]).to.be.closeTo(value, 1e-4 * (1 + Math.abs(value)))
  })

  it('classifies features alone, and saves the encoder whatever it puts out', async () => {
    using through = await Encoder.load(path('tuned'), { output: 'hidden' })
    expect(through.classes).to.equal(null)
    expect((await rejection(through.classify(images))).message).to.match(
      /puts out features.*`output` of this one is 'hidden'/,
    )
    await through.save(path('copy.safetensors'))
    using copy = await Encoder.load(path('copy.safetensors'))
    using whole = await Encoder.load(path('tuned'))
    expect(await copy.classify(images)).to.deep.equal(await whole.classify(images))
  })

  for (const [what, run, output, message] of [
    [
      'a file without its head',
      'torch/encoder.safetensors',
      'projection',
      /Expected all layers.*there is none\. Encoder files have thrown the head away/,
    ],
    [
      'a hidden layer where there is none',
      'linear',
      'hidden',
      /Expected a hidden layer.*its head has 1 layers/,
    ],
    ['the whole head of a classifier', 'tuned', 'projection', /objective 'supervised' has 1 of them/],
  ] as const) {
    it(`refuses ${what}`, async () => {
      const error = await rejection(Encoder.load(path(run), { output }))
      expect(error).to.be.instanceOf(SimclrError).with.property('code', 'ERR_SIMCLR_INCOMPATIBLE_WEIGHTS')
      expect(error.message).to.match(message)
    })
  }

  it('refuses outputs that there are not', async () => {
    const error = await rejection(Encoder.load(path('torch'), { output: 'z' as never }))
    expect(error.message).to.contain("'features', 'hidden' or 'projection' for `output` but received 'z'")
  })

  it('is what evaluate and the commands are told', async () => {
    const data = 'synthetic:scenes,count=60,size=16'
    const options = { encoder: path('torch'), data, test: `${data},split=test` } as const
    const z = await evaluate({ ...options, output: 'projection' })
    expect(z.dim).to.equal(24)
    using through = await Encoder.load(path('torch'), { output: 'projection' })
    expect(await evaluate({ ...options, encoder: through })).to.deep.equal(z)
    const twice = await rejection(evaluate({ ...options, encoder: through, output: 'hidden' }))
    expect(twice.message).to.contain('open Encoder for `output`')
    const flags = ['--output', 'projection', '--encoder', path('torch'), '--device', 'cpu', '--json']
    const told = await simclr(['eval', ...flags, '--data', data, '--test', options.test])
    expect(JSON.parse(told.stdout)).to.include({ dim: 24, accuracy: z.accuracy })
    const embedded = await simclr(['embed', ...flags, '--data', data, '--out', path('z.npy')])
    expect(embedded.code, embedded.stderr).to.equal(0)
    expect((await readNpy(path('z.npy'))).shape).to.deep.equal([60, 24])
  })

  it('needs the checkpoint that its run has', async () => {
    rmSync(path('linear', 'checkpoints'), { recursive: true })
    const error = await rejection(Encoder.load(path('linear'), { output: 'projection' }))
    expect(error.message).to.contain(`in ${path('linear')}, for \`output\` 'projection', but there is none.`)
  })
})
