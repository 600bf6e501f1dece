import { expect } from 'chai'
import type { LearnerSpec, TeacherSpec } from '../../lib/addon/interface.ts'
import {
  distance,
  isFrozen,
  sevenLabels as labels,
  supervisedSpec,
  views,
  withLearner,
} from '../learn/support.ts'
import { knownTeacher } from '../learn/teacher.ts'
import { joined, needGpu, relative } from './support.ts'

const batch = views(7, 32)

/** One batch in float64, where nothing but the order of sums tells the GPU from the CPU. */
async function expectOneGradient(spec: LearnerSpec): Promise<void> {
  const on = (device: string) =>
    withLearner({ ...spec, precision: 'fp64', device }, (learner) => learner.gradients(batch, labels))
  const [gpu, cpu] = [await on('cuda:0'), await on('cpu')]
  expect(gpu.loss).to.be.closeTo(cpu.loss, 1e-9 * cpu.loss)
  expect(gpu.probeAccuracy).to.equal(cpu.probeAccuracy)
  expect(distance(gpu.gradients, cpu.gradients)).to.be.below(1e-9)
  expect(relative(joined(gpu.gradients), joined(cpu.gradients))).to.be.below(1e-9)
}

/** Six steps in bf16, the last three of them from a CUDA graph. */
function sixSteps(spec: LearnerSpec, graph: 'off' | 'must') {
  return withLearner({ ...spec, precision: 'bf16', device: 'cuda:0', graph }, async (learner) => {
    const start = await learner.state()
    const steps = []
    for (let step = 0; step < 6; step++) steps.push(await learner.stepViews(views(7, 32, step), labels, 0.02))
    expect(steps.map(({ replayed }) => replayed)).to.deep.equal(
      [0, 1, 2, 3, 4, 5].map((step) => graph === 'must' && step >= 3),
    )
    return { start, losses: steps.map(({ loss }) => loss), state: await learner.state() }
  })
}

async function expectLossesOfEagerSteps(spec: LearnerSpec): Promise<void> {
  const [graph, eager] = [await sixSteps(spec, 'must'), await sixSteps(spec, 'off')]
  for (const [step, loss] of graph.losses.entries())
    expect(loss).to.be.closeTo(eager.losses[step]!, 0.02 * eager.losses[step]!)
}

describe('distillation on a GPU', () => {
  let teacher: TeacherSpec
  before(needGpu)
  before(async () => {
    teacher = await knownTeacher()
  })
  const student = (weight: number) => supervisedSpec({ teacher, distillation: { temperature: 2, weight } })

  for (const weight of [1, 0.5]) {
    it(`has the CPU's loss, agreement and gradients: α ${weight}`, () => expectOneGradient(student(weight)))

    it(`is recorded as a CUDA graph: α ${weight}`, () => expectLossesOfEagerSteps(student(weight)))
  }
})

describe('frozen groups on a GPU', () => {
  before(needGpu)
  const after = (fineTuneAfterBlock: number) => supervisedSpec({ fineTuneAfterBlock })

  for (const block of [0, 2, 4]) {
    it(`have the CPU's loss and gradients after them: ${block}`, () => expectOneGradient(after(block)))

    it(`stay to the bit in a CUDA graph, and the rest moves: ${block}`, async () => {
      const { start, state } = await sixSteps(after(block), 'must')
      const before = new Map(start.map((tensor) => [tensor.name, tensor.data]))
      for (const { name, data } of state) {
        if (isFrozen(name, block)) expect(data, name).to.deep.equal(before.get(name))
        else expect(data, name).to.not.deep.equal(before.get(name))
      }
    })
  }

  it('leave a step whose losses are those of eager ones', () => expectLossesOfEagerSteps(after(2)))
})
