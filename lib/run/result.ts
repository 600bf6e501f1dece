/** What training comes to. */
import type { ResolvedConfig } from '../config/resolved.ts'
import type { Skipped } from '../data/types.ts'
import type { Encoder } from '../encoder.ts'
import type { EncoderWeights } from '../weights/encoder-file.ts'
import type { Best } from './best.ts'
import type { EpochEvent } from './events.ts'

/** What a run leaves behind. */
export interface Run {
  /** The trained encoder; dispose it when done. */
  encoder: Encoder
  /** One entry an epoch. */
  history: EpochEvent[]
  /** Where it was computed, e.g. `cpu`. */
  device: string
  /** Run folder, absolute. */
  folder: string
  /** With `validation`, in the first process: the encoder that did best; else null. */
  best: Best | null
  config: ResolvedConfig
  /** Of this process among those that share the batches; 0 where it trained alone. */
  rank: number
  /** Images that could not be used. */
  skipped: Skipped[]
  /** Seconds of training in this call, without reading the data. */
  seconds: number
  /** Images a second, each in all its views, over this call's steps; 0 if there was none. */
  pairsPerSecond: number
}

/** What a run has come to, but for the encoder, which lies in its folder or is here. */
export type Trained = Omit<Run, 'encoder'> & { weights?: EncoderWeights }
