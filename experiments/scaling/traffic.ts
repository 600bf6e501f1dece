/** What a step sends, ResNet-50's by default, counted by the group while a real one is taken. */
import type { Taken } from '../../bench/work/rank.ts'
import { RankProcesses } from '../../bench/work/ranks.ts'
import { stepViews } from '../../bench/work/step.ts'
import type { LearnerSpec, NativeTensor } from '../../lib/addon/interface.ts'
import { loadAddon } from '../../lib/addon/load.ts'
import type { Messages } from './model.ts'

const spec: LearnerSpec = {
  encoder: { arch: 'resnet50', width: 1, stem: 'imagenet', convention: 'torch', skRatio: 0 },
  head: { layers: 2, dim: 128, convention: 'torch' },
  loss: { temperature: 0.1, scale: 1, normalize: true },
  optimizer: { name: 'sgd', momentum: 0.9, nesterov: false, weightDecay: 0, decayAll: true },
  ...{ classes: 0, precision: 'fp32', device: 'cpu', shards: 1, seed: 0 },
}
const size = 32 // messages do not depend on the size of the images
const bucketBytes = 4 << 20 // BucketOptions in native/core/dist/rank_gradients.h

/** Two ranks send each what each of many does, through sockets, as many do. */
export async function countMessages(of: LearnerSpec = spec): Promise<Messages> {
  const [two, four] = [await stepOf(of, 2), await stepOf(of, 4)]
  const bytesPerImage = (four.bytes - two.bytes) / 2
  const { gradientBytes, buckets } = bucketsOf(await stateOf(of))
  const fixedBytes = two.bytes - 2 * bytesPerImage - gradientBytes
  return { gradientBytes, buckets, waits: two.collectives - buckets, fixedBytes, bytesPerImage }
}

/** A step, not the first, with so many images on each of two ranks. */
async function stepOf(of: LearnerSpec, images: number): Promise<Taken> {
  const views = stepViews({ size, batch: images })
  using ranks = await RankProcesses.start(2, of, views, 'sockets')
  await ranks.take(1)
  const [taken] = await ranks.take(1)
  return taken!
}

async function stateOf(of: LearnerSpec): Promise<NativeTensor[]> {
  const learner = new (loadAddon().Learner)(of)
  try {
    return await learner.state()
  } finally {
    learner.dispose()
  }
}

/** As native/core/dist/gradient_buckets.cc lays parameters out: from the last on, each padded to 64 bytes. */
function bucketsOf(state: readonly { name: string; shape: readonly number[] }[]) {
  const isParameter = ({ name }: { name: string }) =>
    !/^optimizer\.|running_(mean|var)$|num_batches_tracked$/.test(name)
  let gradientBytes = 0
  let buckets = 0
  let filled = bucketBytes
  for (const { shape } of state.filter(isParameter).reverse()) {
    if (filled >= bucketBytes) {
      buckets++
      filled = 0
    }
    const bytes = 64 * Math.ceil((4 * shape.reduce((a, b) => a * b, 1)) / 64)
    gradientBytes += bytes
    filled += bytes
  }
  return { gradientBytes, buckets }
}
