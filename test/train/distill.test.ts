import { cpSync, renameSync } from 'node:fs'
import { expect } from 'chai'
import { loadAddon } from '../../lib/addon/load.ts'
import type { TrainOptions } from '../../lib/config/options.ts'
import type { RawImage } from '../../lib/data/types.ts'
import { Encoder } from '../../lib/encoder.ts'
import { evaluate } from '../../lib/evaluate/evaluate.ts'
import { presets, SimclrError } from '../../lib/index.ts'
import { readSafetensors } from '../../lib/io/safetensors.ts'
import { train } from '../../lib/train.ts'
import { listCheckpoints } from '../../lib/weights/checkpoint.ts'
import { temporaryFolder } from '../support/folder.ts'
import { rejection } from '../support/rejection.ts'
import { listener, tiny, trained } from '../support/tiny.ts'

const scenes = (split: 'train' | 'test') => `synthetic:scenes,count=1000,size=24,split=${split}`
const { preset: _, ...quick } = tiny
const learning = { ...quick, precision: 'fp32', batchSize: 16, imageSize: 24 } as const

describe('distillation', function () {
  this.timeout(240_000)
  const path = temporaryFolder()
  const { imageSize: __, ...asTeacher } = learning
  const student = {
    ...asTeacher,
    preset: 'torch',
    objective: 'distill',
    encoder: { width: 0.125, stem: 'stride2' },
    data: scenes('train'),
    augment: { jitter: 0, gray: 0, blur: 0, cropArea: [0.5, 1] },
  } as const satisfies TrainOptions
  let held: RawImage[]
  const agreement = async (one: string, other: string) => {
    using a = await Encoder.load(one)
    using b = await Encoder.load(other)
    const [said, answered] = [(await a.classify(held)).best, (await b.classify(held)).best]
    return said.filter((name, i) => name === answered[i]).length / said.length
  }

  before(async () => {
    const store = new (loadAddon().ImageStore)(200)
    await store.fillScenes({ seed: 77, first: 0, count: 200, size: 24 })
    held = Array.from({ length: 200 }, (_, i) => store.get(i))
    store.dispose()
    await trained({
      ...learning,
      ...{ preset: 'fine-tune', encoder: { width: 0.25, stem: 'stride2' }, data: scenes('train') },
      ...{ head: { keep: 1 }, epochs: 6, threads: 2, optimizer: { lr: 0.8 }, out: path('teacher') },
      augment: { cropArea: [0.5, 1] },
    })
  })

  it('makes a smaller encoder that takes images it has not seen for what its teacher takes them for', async () => {
    const options = { ...student, teacher: path('teacher'), threads: 2 }
    await trained({ ...options, optimizer: { lr: 0 }, epochs: 1, out: path('ignorant') })
    const run = await trained({ ...options, optimizer: { lr: 0.4 }, epochs: 6, out: path('student') })
    expect(run.config).to.include({ objective: 'distill', imageSize: 24, views: 1 })
    expect(run.history.at(-1)!.probeAccuracy).to.be.above(run.history[0]!.probeAccuracy! + 0.05)
    expect(run.history[0]).to.include({ contrastiveAccuracy: null, entropy: null })
    const before = await agreement(path('teacher'), path('ignorant'))
    const after = await agreement(path('teacher'), path('student'))
    expect(after).to.be.above(before + 0.15)
    using encoder = await Encoder.load(path('student'))
    using teacher = await Encoder.load(path('teacher'))
    expect(encoder.classes).to.deep.equal(teacher.classes)
    expect(encoder.spec.width).to.equal(0.125)
    const { accuracy } = await evaluate({ encoder, test: scenes('test'), probe: 'classifier' })
    expect(accuracy).to.be.above(0.2) // one in ten by chance
    // A checkpoint is as good.
    using one = await Encoder.load((await listCheckpoints(path('student', 'checkpoints')))[0]!)
    expect(await one.classify(held.slice(0, 3))).to.deep.equal(await encoder.classify(held.slice(0, 3)))
  })

  it('needs no labels, and has its teacher’s classes', async () => {
    const data = { name: 'unlabelled', count: 32, read: (i: number) => held[i]! }
    const options = { ...student, data, teacher: path('teacher'), epochs: 1 }
    const validation = { data: scenes('test') }
    const run = await trained({ ...options, validation, out: path('unlabelled') })
    expect(run.history[0]!.validation).to.be.within(0, 1)
    using encoder = await Encoder.load(path('unlabelled'))
    expect((await encoder.classify(held.slice(0, 2))).shape).to.deep.equal([2, 10])
    const error = await rejection(
      trained({ ...options, distillation: { weight: 0.5 }, out: path('refused') }),
    )
    expect(error.message).to.match(/Expected labelled images but unlabelled/)
  })

  const named = (names: string[]) => ({
    name: 'some classes',
    count: 32,
    labels: Int32Array.from({ length: 32 }, (_, i) => i % names.length),
    classNames: names,
    read: (i: number) => held[i]!,
  })

  it('learns labels too where they have weight, of the teacher’s classes by name', async () => {
    using teacher = await Encoder.load(path('teacher'))
    const [first, , third] = teacher.classes!
    const options = { ...student, teacher: path('teacher'), epochs: 1, limit: 32 }
    const of = async (data: TrainOptions['data'], weight: number, name: string) => {
      const run = await trained({ ...options, data, distillation: { weight }, out: path(name) })
      return run.history[0]!.loss
    }
    const swapped = await of(named([third!, first!]), 0.5, 'swapped')
    expect(swapped).to.not.equal(await of(named([first!, third!]), 0.5, 'straight'))
    // What labels say of one class or another matters to nobody where they have no weight.
    expect(await of(named(['cat', 'dog']), 1, 'ignored')).to.equal(
      await of(named([first!, third!]), 1, 'ignored too'),
    )
    const error = await rejection(
      trained({ ...options, data: named([first!, 'cat']), distillation: { weight: 0.5 }, out: path('x') }),
    )
    expect(error.message).to.match(/Expected the classes .* but some classes also has cat/)
  })

  for (const [name, options] of Object.entries({
    'the teacher alone': {},
    'labels too, kept layer, two threads': {
      threads: 2,
      head: { keep: 1 },
      distillation: { temperature: 2, weight: 0.5 },
    },
  } as const satisfies Record<string, TrainOptions>)) {
    it(`an aborted run goes on to the same bits: ${name}`, async () => {
      const all = { ...student, ...options, limit: 96, teacher: path('teacher'), epochs: 2 }
      const slug = name.replace(/\W+/g, '-')
      await trained({ ...all, out: path(`${slug}-whole`) })
      const controller = new AbortController()
      const onProgress: TrainOptions['onProgress'] = (event) => {
        if (event.type === 'step' && event.step === 3) controller.abort(new Error('enough'))
      }
      const stopped = trained({ ...all, out: path(`${slug}-parts`), signal: controller.signal, onProgress })
      expect((await rejection(stopped)).message).to.equal('enough')
      await trained({ out: path(`${slug}-parts`) })
      const weights = async (run: string) => (await readSafetensors(path(run, 'encoder.safetensors'))).tensors
      expect(await weights(`${slug}-parts`)).to.deep.equal(await weights(`${slug}-whole`))
    })
  }

  it('goes on with its teacher alone, wherever that lies', async () => {
    const all = { ...student, limit: 48 }
    cpSync(path('teacher'), path('moving'), { recursive: true })
    await trained({ ...all, teacher: path('moving'), epochs: 1, out: path('followed') })
    renameSync(path('moving'), path('moved'))
    const gone = await rejection(trained({ epochs: 2, out: path('followed') }))
    expect(gone.message).to.match(/moving is not there/)
    const other = await rejection(trained({ epochs: 2, teacher: path('student'), out: path('followed') }))
    expect(other).to.have.property('code', 'ERR_SIMCLR_CHECKPOINT')
    expect(other.message).to.contain('weights of teacher')
    const run = await trained({ epochs: 2, teacher: path('moved'), out: path('followed') })
    expect(run.history).to.have.length(2)
  })

  it('in a process of its own, and in two that share a batch', async () => {
    const { onProgress } = listener()
    const all = { ...student, teacher: path('teacher'), epochs: 1, limit: 48, onProgress }
    for (const [name, how] of [
      ['isolated', { isolate: true }],
      ['shared', { processes: 2 }],
    ] as const) {
      await trained({ ...all, ...how, out: path(name) })
      using encoder = await Encoder.load(path(name))
      expect(encoder.classes).to.have.length(10)
    }
  })

  for (const [name, options, message] of [
    [
      'no teacher',
      { teacher: null },
      /a fine-tuned encoder, as the objective 'distill' needs it, for `teacher`/,
    ],
    ['a teacher without a classifier', { teacher: 'contrastive' }, /classifier for `teacher` but .*has none/],
    ['a teacher that is not there', { teacher: 'nowhere' }, /nowhere is not there/],
    [
      'another image size',
      { imageSize: 32 },
      /24, as the teacher .* has it, for `imageSize` but received 32/,
    ],
    ['another normalisation', { augment: { mean: null } }, /as the teacher .* has it, for `augment.mean`/],
    ['views of another size', { resolution: [{ until: 0.5, size: 16 }] }, /for `resolution`/],
    [
      'a teacher that nobody listens to',
      { objective: 'supervised' },
      /null where the objective is 'supervised' for `teacher`/,
    ],
    ['chunks', { chunkSize: 8 }, /null where the objective is 'distill' for `chunkSize`/],
    ['no weight', { distillation: { weight: 0 } }, /above 0 and up to 1 for `distillation.weight`/],
  ] as const) {
    it(`refuses ${name}`, async () => {
      if ('teacher' in options && options.teacher === 'contrastive')
        await trained({ ...tiny, epochs: 1, out: path('contrastive') })
      const asked = 'teacher' in options ? options.teacher : 'teacher'
      const teacher = asked === null ? null : path(asked)
      const all = { ...student, ...options, teacher, epochs: 1, out: path('refused') } as TrainOptions
      const error = await rejection(train(all))
      expect(error).to.be.instanceOf(SimclrError)
      expect(error.message).to.match(message)
    })
  }

  it('is a preset as SimCLR v2 has it', () => {
    expect(presets.distill.settings(32)).to.deep.include({
      optimizer: { name: 'lars', lr: 0.1, weightDecay: 1e-4 },
      schedule: { scaling: 'sqrt', warmupEpochs: 20 },
      epochs: 400,
    })
  })
})
