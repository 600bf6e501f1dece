/**
 * Pairs a second of the training step of step-r18-imagenet-stem while another process keeps one core busy:
 * `shared-core` against ours on the quiet machine, `shared-core-peer` against eager PyTorch under the same load, the
 * best of all cores' threads and one, channels_last and contiguous; the ratio to PyTorch's default threads, all cores', is
 * said beside it.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { atLeast, type Benchmark } from '../figure.ts'
import { better, PeersBySetting } from '../measure/peer.ts'
import { memoryFormats } from '../measure/setting.ts'
import { inTurns } from '../measure/turns.ts'
import { peerArguments, type StepSetting, stepLearner, stepRate, stepViews } from '../work/step.ts'

const steps = 3

export const sharedCore: Benchmark = {
  targets: { 'shared-core': atLeast(0.45), 'shared-core-peer': atLeast(1.2) },
  async *run({ rounds, peers: venv, torch, limits, precision }, wanted) {
    const setting: StepSetting = { arch: 'resnet18', stem: 'imagenet', size: 32, batch: 256, precision }
    const peerVenv = wanted('shared-core-peer') ? venv : null
    const learner = stepLearner(setting, limits.cores)
    const views = stepViews(setting)
    const ours = () => stepRate(learner, views, setting, steps)
    const args = peerArguments(setting)
    using peers = new PeersBySetting(peerVenv, 'step.py', limits.cores, args, memoryFormats)
    try {
      const underLoads = [ours, ...peers.sides(steps)].map((side) => () => underLoad(side))
      const [quiet, busy, ...theirs] = await inTurns(rounds, [ours, ...underLoads])
      const step = `step of resnet18, imagenet stem, ${setting.size} px, batch ${setting.batch}, ${precision}, one of ${limits.cores} cores kept busy by another process`
      if (wanted('shared-core')) {
        yield {
          name: 'shared-core',
          ours: busy!,
          peer: quiet!,
          unit: 'pairs/s',
          about: `${step}; "peer": ours on the quiet machine`,
          rounds,
          torch: null,
        }
      }
      if (!wanted('shared-core-peer')) return
      const best = peers.best(theirs)
      const byDefault = better(theirs.filter((_, i) => peers.settings[i]!.threads === limits.cores))
      const toDefault =
        byDefault === null
          ? ''
          : `; ${(busy! / byDefault).toFixed(2)} times its default, ${limits.cores} threads`
      yield {
        name: 'shared-core-peer',
        ours: busy!,
        peer: best?.rate ?? null,
        unit: 'pairs/s',
        about: `${step}; peer: eager PyTorch${best === null ? '' : `, its best here: ${best.setting}`}${toDefault}`,
        rounds,
        torch,
      }
    } finally {
      learner.dispose()
    }
  },
}

/** Measures while a process of its own spins. */
async function underLoad(work: () => Promise<number>): Promise<number> {
  const other: ChildProcess = spawn(process.execPath, ['-e', 'console.log(); for (;;);'])
  try {
    await new Promise((resolve) => other.stdout!.once('data', resolve))
    return await work()
  } finally {
    other.kill('SIGKILL')
  }
}
