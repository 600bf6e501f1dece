/**
 * LARS steps a second on ResNet-50's weights, fp32. Peer: lightly's LARS, a loop over tensors, with all cores' threads
 * and with one; the better is the figure's.
 */
import { ops } from '../../lib/ops/index.ts'
import { atLeast, type Benchmark } from '../figure.ts'
import { better, PeersBySetting } from '../measure/peer.ts'
import { inTurns } from '../measure/turns.ts'
import { noise, stepLearner } from '../work/step.ts'

const steps = 10

export const lars: Benchmark = {
  targets: { 'lars-r50': atLeast(3) },
  async *run({ rounds, peers: venv, torch, limits }, wanted) {
    if (!wanted('lars-r50')) return
    const variables = await resnet50()
    const ours = async () => {
      const begin = performance.now()
      for (let i = 0; i < steps; i++) ops.lars(variables, 0.1, { convention: 'torch' })
      return (1000 * steps) / (performance.now() - begin)
    }
    using peers = new PeersBySetting(venv, 'lars.py', limits.cores)
    const [rate, ...theirs] = await inTurns(rounds, [ours, ...peers.sides(steps)])
    const peer = better(theirs)
    // Norms read weight and gradient; the update reads three arrays and writes two.
    const bytes = variables.reduce((sum, { weight }) => sum + weight.length, 0) * 7 * 4
    const share = (steps: number) => (steps * bytes) / 1e9 / limits.memory
    yield {
      name: 'lars-r50',
      ours: rate!,
      peer,
      unit: 'steps/s',
      share: { of: 'memory bandwidth', ours: share(rate!), peer: peer === null ? null : share(peer) },
      about: `ResNet-50's ${variables.length} weights and head, fp32; peer: lightly's LARS, the better of ${limits.cores} threads and 1`,
      rounds,
      torch,
    }
  },
}

/** Arrays of the sizes of ResNet-50's weights; BatchNorm's and biases excluded, as in training. */
async function resnet50() {
  const learner = stepLearner(
    { arch: 'resnet50', stem: 'imagenet', size: 64, batch: 2, precision: 'fp32' },
    1,
  )
  const state = await learner.state()
  learner.dispose()
  return state
    .filter(({ name }) => name.startsWith('optimizer.'))
    .map(({ shape }) => {
      const length = shape.reduce((a, b) => a * b, 1)
      const momentum = new Float32Array(length)
      return { weight: noise(length), gradient: noise(length), momentum, excluded: shape.length === 1 }
    })
}
