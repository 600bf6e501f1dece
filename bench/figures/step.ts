/**
 * Pairs a second of a whole training step (forward, NT-Xent, backward, SGD) on given views, all cores. Peer:
 * eager PyTorch, the same precision (bf16 by autocast), with all cores' threads and with one, channels_last and contiguous;
 * the best is the figure's.
 */
import { atLeast, type Benchmark, type Context, type Measured } from '../figure.ts'
import { gflopPerPair } from '../measure/flops.ts'
import { PeersBySetting } from '../measure/peer.ts'
import { memoryFormats } from '../measure/setting.ts'
import { inTurns } from '../measure/turns.ts'
import { peerArguments, type StepSetting, stepLearner, stepRate, stepViews } from '../work/step.ts'

interface Setting extends Omit<StepSetting, 'precision'> {
  name: string
  /** Steps in one measurement. */
  steps: number
}

const settings: readonly Setting[] = [
  { name: 'step-r18-imagenet-stem', arch: 'resnet18', stem: 'imagenet', size: 32, batch: 256, steps: 3 },
  { name: 'step-r18-cifar-stem', arch: 'resnet18', stem: 'cifar', size: 32, batch: 64, steps: 2 },
  { name: 'step-r50-64', arch: 'resnet50', stem: 'imagenet', size: 64, batch: 64, steps: 2 },
]

export const step: Benchmark = {
  targets: {
    'step-r18-imagenet-stem': atLeast(1.35),
    'step-r18-cifar-stem': atLeast(0.97),
    'step-r50-64': atLeast(1.15),
  },
  async *run(context, wanted) {
    for (const setting of settings) if (wanted(setting.name)) yield await measure(setting, context)
  },
}

async function measure(
  { name, steps, ...work }: Setting,
  { rounds, peers: venv, torch, limits, precision }: Context,
): Promise<Measured> {
  const setting: StepSetting = { ...work, precision }
  const { arch, stem, size, batch } = setting
  const learner = stepLearner(setting, limits.cores)
  const views = stepViews(setting)
  using peers = new PeersBySetting(venv, 'step.py', limits.cores, peerArguments(setting), memoryFormats)
  try {
    const own = () => stepRate(learner, views, setting, steps)
    const [ours, ...theirs] = await inTurns(rounds, [own, ...peers.sides(steps)])
    const best = peers.best(theirs)
    const peer = best?.rate ?? null
    const share = (rate: number) => (rate * gflopPerPair(setting)) / limits[precision]
    return {
      name,
      ours: ours!,
      peer,
      unit: 'pairs/s',
      share: { of: `${precision} products`, ours: share(ours!), peer: peer === null ? null : share(peer) },
      about:
        `${arch}, ${stem} stem, ${size} px, batch ${batch}, ${precision}, ${limits.cores} threads; ` +
        `peer: eager PyTorch${best === null ? '' : `, its best here: ${best.setting}`}`,
      rounds,
      torch,
    }
  } finally {
    learner.dispose()
  }
}
