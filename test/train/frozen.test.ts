import { expect } from 'chai'
import type { TrainOptions } from '../../lib/config/options.ts'
import { Encoder } from '../../lib/encoder.ts'
import { readSafetensors } from '../../lib/io/safetensors.ts'
import { toFloat32 } from '../../lib/io/tensor.ts'
import { train } from '../../lib/train.ts'
import { simclr } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { rejection } from '../support/rejection.ts'
import { tiny, trained } from '../support/tiny.ts'

const scenes = 'synthetic:scenes,count=96,size=24,split=train'
const { preset: _, encoder: __, ...quick } = tiny
const tuning = { ...quick, preset: 'fine-tune', data: scenes, epochs: 1, optimizer: { lr: 0.4 } } as const

describe('fine-tuning after a group of blocks', function () {
  this.timeout(180_000)
  const path = temporaryFolder()
  const tensorsOf = async (run: string) => {
    const { tensors } = await readSafetensors(path(run, 'encoder.safetensors'))
    return new Map(tensors.map((tensor) => [tensor.name, tensor]))
  }
  /** Names of what differs from the encoder that it began with. */
  const movedIn = async (run: string) => {
    const [before, after] = [await tensorsOf('pretrained'), await tensorsOf(run)]
    return [...before.keys()].filter(
      (name) => !Buffer.from(after.get(name)!.data).equals(before.get(name)!.data),
    )
  }

  before(async () => {
    const encoder = { width: 0.25, stem: 'stride2' } as const
    await trained({ ...tiny, encoder, data: scenes, imageSize: 24, epochs: 1, out: path('pretrained') })
  })

  it('--fine-tune-after-block 4 trains the classifier alone: the encoder stays what init gave', async () => {
    const flags = ['--preset', 'fine-tune', '--init', path('pretrained'), '--data', scenes, '--epochs', '1']
    const small = ['--batch-size', '16', '--threads', '1', '--probe-every-epochs', '0', '--precision', 'fp32']
    const { code, stderr } = await simclr([
      ...['train', ...flags, ...small, '--fine-tune-after-block', '4', '--out', path('linear')],
    ])
    expect(code, stderr).to.equal(0)
    expect(await movedIn('linear')).to.deep.equal([])
    // It begins with biases of zero.
    const biases = (await tensorsOf('linear')).get('fc.bias')!
    expect(toFloat32(biases).every((value) => value !== 0)).to.equal(true)
    using encoder = await Encoder.load(path('linear'))
    expect(encoder.classes).to.have.length(10)
  })

  for (const [name, options] of [
    ['two processes', { processes: 2 }],
    ['a student', { objective: 'distill', preset: 'distill', teacher: 'linear', epochs: 1 }],
  ] as const) {
    it(`trains the last group alone: ${name}`, async () => {
      const teacher = 'teacher' in options ? { teacher: path(options.teacher) } : {}
      const run = await trained({
        ...{ ...tuning, init: path('pretrained'), fineTuneAfterBlock: 3, ...options, ...teacher },
        out: path(name),
      })
      expect(run.config.fineTuneAfterBlock).to.equal(3)
      const moved = await movedIn(name)
      expect(moved).to.have.length.above(20)
      expect(moved.filter((tensor) => !tensor.startsWith('layer4.'))).to.deep.equal([])
    })
  }

  for (const [name, options, message] of [
    [
      'a contrastive objective',
      { ...tiny, fineTuneAfterBlock: 3 },
      /-1 where the objective is 'contrastive' for `fineTuneAfterBlock` but received 3/,
    ],
    [
      'a group that there is not',
      { ...tuning, fineTuneAfterBlock: 5 },
      /from -1 to 4 for `fineTuneAfterBlock`/,
    ],
  ] as const satisfies [string, TrainOptions, RegExp][]) {
    it(`refuses ${name}`, async () => {
      const error = await rejection(train({ ...options, out: path('refused') }))
      expect(error).to.have.property('code', 'ERR_SIMCLR_INVALID_ARGUMENT')
      expect(error.message).to.match(message)
    })
  }
})
