/**
 * What processes cost: 2 ranks with a thread each against one process with 2 threads, the same batch, over the loopback.
 * Prints collectives and bytes of a step, too.
 */
import { atLeast, type Benchmark, type Context, type Measured } from '../figure.ts'
import { inTurns } from '../measure/turns.ts'
import type { Taken } from '../work/rank.ts'
import { RankProcesses } from '../work/ranks.ts'
import { type StepSetting, stepLearner, stepRate, stepSpec, stepViews } from '../work/step.ts'

const name = 'ranks-r18'
const steps = 3
const processes = 2

export const ranks: Benchmark = {
  targets: { [name]: atLeast(0.9) },
  async *run(context, wanted) {
    if (wanted(name)) yield await measure(context)
  },
}

async function measure({ rounds, precision }: Context): Promise<Measured> {
  const setting: StepSetting = { arch: 'resnet18', stem: 'imagenet', size: 32, batch: 128, precision }
  const learner = stepLearner(setting, processes)
  const views = stepViews(setting)
  let taken: Taken[] = []
  try {
    const share = stepViews({ ...setting, batch: setting.batch / processes })
    using ranks = await RankProcesses.start(processes, stepSpec(setting, 1), share)
    const [many, one] = await inTurns(rounds, [
      async () => {
        taken = await ranks.take(steps)
        return (steps * setting.batch) / Math.max(...taken.map(({ seconds }) => seconds))
      },
      () => stepRate(learner, views, setting, steps),
    ])
    const { collectives, bytes } = taken[0]!
    return {
      name,
      ours: many!,
      peer: one!,
      unit: 'pairs/s',
      about:
        `resnet18, imagenet stem, 32 px, batch ${setting.batch}, ${precision}, ${processes} processes x 1 thread; ` +
        `peer: 1 process x ${processes} threads. ` +
        `A step: ${collectives} collectives, ${(bytes / 1e6).toFixed(2)} MB from each rank`,
      rounds,
      torch: null,
    }
  } finally {
    learner.dispose()
  }
}
