/** What a launched rank and the process that launched it say to each other. */
import type { TrainOptions } from '../config/options.ts'
import type { SentError } from '../isolate/messages.ts'
import type { TrainEvent } from '../run/events.ts'
import type { Trained } from '../run/result.ts'

/** To a rank. `stop` is answered with `ending`, each time. */
export type Order = { type: 'train'; options: TrainOptions } | { type: 'stop' }

/** From a rank. `isLeaving`: its last step is taken, and rank 0 writes what is left behind. */
export type News =
  | { type: 'event'; event: TrainEvent }
  | { type: 'ending'; isLeaving: boolean }
  | { type: 'done'; trained: Trained }
  | { type: 'failed'; error: SentError }
