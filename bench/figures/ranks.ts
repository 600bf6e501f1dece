/**
 * What processes cost: 2 ranks with a thread each against one process with 2 threads, the same batch, over the loopback.
 * Prints collectives and bytes of a step, too.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { atLeast, type Benchmark, type Context, type Measured } from '../figure.ts'
import { inTurns } from '../measure/turns.ts'
import type { RankWork, Taken } from '../work/rank.ts'
import { type StepSetting, stepLearner, stepRate, stepSpec, stepViews } from '../work/step.ts'

const name = 'ranks-r18'
const setting: StepSetting = { arch: 'resnet18', stem: 'imagenet', size: 32, batch: 128 }
const steps = 3
const processes = 2

export const ranks: Benchmark = {
  targets: { [name]: atLeast(0.9) },
  async *run(context, wanted) {
    if (wanted(name)) yield await measure(context)
  },
}

async function measure({ rounds }: Context): Promise<Measured> {
  const learner = stepLearner(setting, processes)
  const views = stepViews(setting)
  const children = await start()
  let taken: Taken[] = []
  try {
    const [many, one] = await inTurns(rounds, [
      async () => {
        for (const child of children) child.send(steps)
        taken = await Promise.all(children.map(async (child) => (await once(child, 'message'))[0] as Taken))
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
        `resnet18, imagenet stem, 32 px, batch ${setting.batch}, bf16, ${processes} processes x 1 thread; ` +
        `peer: 1 process x ${processes} threads. ` +
        `A step: ${collectives} collectives, ${(bytes / 1e6).toFixed(2)} MB from each rank`,
    }
  } finally {
    for (const child of children) child.kill('SIGKILL')
    learner.dispose()
  }
}

async function start(): Promise<ChildProcess[]> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  const children = Array.from({ length: processes }, (_, rank) => {
    const child = fork(fileURLToPath(new URL('../work/rank.ts', import.meta.url)), [], {
      serialization: 'advanced',
    })
    const views = stepViews({ ...setting, batch: setting.batch / processes })
    child.send({ rank, size: processes, port, spec: stepSpec(setting, 1), views } satisfies RankWork)
    return child
  })
  await Promise.all(children.map((child) => once(child, 'message')))
  return children
}
