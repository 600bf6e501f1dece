/**
 * What processes cost: 2 ranks with a thread each against one process with 2 threads, the same batch. Ranks of one machine meet
 * in memory that they share; with `sockets` they meet in Gloo's, over the loopback, as those of several machines do.
 * Prints collectives and bytes of a step, too.
 */
import type { Stem } from '../../lib/addon/interface.ts'
import { atLeast, type Benchmark, type Context, type Measured } from '../figure.ts'
import { inTurns } from '../measure/turns.ts'
import type { Taken, Way } from '../work/rank.ts'
import { RankProcesses } from '../work/ranks.ts'
import { type StepSetting, stepLearner, stepRate, stepSpec, stepViews } from '../work/step.ts'

const steps = 3
const processes = 2

interface Case {
  stem: Stem
  way: Way
}

const cases: Readonly<Record<string, Case>> = {
  'ranks-r18': { stem: 'imagenet', way: 'memory' },
  'ranks-r18-sockets': { stem: 'imagenet', way: 'sockets' },
  'ranks-r18-cifar-sockets': { stem: 'cifar', way: 'sockets' },
}

export const ranks: Benchmark = {
  targets: Object.fromEntries(Object.keys(cases).map((name) => [name, atLeast(0.9)])),
  async *run(context, wanted) {
    for (const [name, which] of Object.entries(cases))
      if (wanted(name)) yield await measure(name, which, context)
  },
}

async function measure(name: string, { stem, way }: Case, { rounds, precision }: Context): Promise<Measured> {
  const setting: StepSetting = { arch: 'resnet18', stem, size: 32, batch: 128, precision }
  const learner = stepLearner(setting, processes)
  const views = stepViews(setting)
  let taken: Taken[] = []
  try {
    const share = stepViews({ ...setting, batch: setting.batch / processes })
    using ranks = await RankProcesses.start(processes, stepSpec(setting, 1), share, way)
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
        `resnet18, ${stem} stem, 32 px, batch ${setting.batch}, ${precision}, ${processes} processes x 1 thread, ` +
        `${way === 'sockets' ? 'sockets over the loopback' : 'shared memory'}; ` +
        `peer: 1 process x ${processes} threads. ` +
        `A step: ${collectives} collectives, ${(bytes / 1e6).toFixed(2)} MB from each rank`,
      rounds,
      torch: null,
    }
  } finally {
    learner.dispose()
  }
}
