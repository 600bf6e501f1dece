import type { TrainOptions } from '../../lib/config/options.ts'
import type { StepEvent, TrainEvent } from '../../lib/run/events.ts'
import type { Run } from '../../lib/run/result.ts'
import { train } from '../../lib/train.ts'

/** A real training that takes a second or two: 96 scenes of 16 px, a quarter-width ResNet-18, 6 steps an epoch. */
export const tiny = {
  data: 'synthetic:scenes,count=96,size=16',
  preset: 'torch',
  encoder: { width: 0.25, stem: 'imagenet' },
  epochs: 2,
  batchSize: 16,
  precision: 'fp32',
  threads: 1,
  probe: { everyEpochs: 0 },
  checkpoint: { everySeconds: null },
  report: false,
} as const satisfies TrainOptions

/** The same on the command line, but for its length. */
export const tinyFlags = [
  ...[
    '--data',
    tiny.data,
    '--preset',
    'torch',
    '--width',
    '0.25',
    '--stem',
    'imagenet',
    '--batch-size',
    '16',
  ],
  ...['--precision', 'fp32', '--threads', '1', '--probe-every-epochs', '0'],
]

/** An `onProgress` that keeps every event. */
export function listener(): { events: TrainEvent[]; onProgress: (event: TrainEvent) => void } {
  const events: TrainEvent[] = []
  return { events, onProgress: (event) => events.push(event) }
}

/** What of the steps does not depend on the clock. */
export function numbers(events: readonly { type: string }[]): object[] {
  return events
    .filter((event): event is StepEvent => event.type === 'step')
    .map(({ augmentSeconds: _a, stepSeconds: _s, waitSeconds: _w, time: _t, ...rest }) => rest)
}

/** A run to its end, of which nothing but what it has written and told is wanted. */
export async function trained(options: TrainOptions): Promise<Run> {
  const run = await train(options)
  run.encoder.dispose()
  return run
}
