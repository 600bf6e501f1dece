/**
 * Types of options, written by scripts/option-types.ts from the schemas that validate them. A § without a name is of the
 * SimCLR paper (arXiv 2002.05709), tf2/ its code, google-research/simclr.
 */
import type { DataInput } from '../../data/open.ts'
import type { TrainEvent } from '../../run/events.ts'
import type { TrainSettings } from './train-settings.ts'

/** What `train()` takes. */
export interface TrainOptions extends TrainSettings {
  /**
   * Images: a folder or file, 'cifar10:DIR', 'idx:FILE', 'synthetic:scenes', or in code a source. A path,
   * 'kind:path' or a data source. Default: synthetic:scenes,split=train.
   */
  data?: DataInput | undefined
  /**
   * Processes on this machine that share every batch, each a child of this one. An integer from 1 to 1024.
   * Default: 1; what torchrun or srun start needs no option.
   */
  processes?: number | undefined
  /**
   * With `processes`: how often to go on from the last checkpoint after one of them has died. An integer of
   * at least 0. Default: 0.
   */
  maxRestarts?: number | undefined
  /** Run folder. A path. Default: a new one in runs/. */
  out?: string | undefined
  /**
   * 'auto' goes on from the folder's newest checkpoint, 'never' wants a folder without a run. 'auto', 'never'
   * or a checkpoint's path. Default: auto.
   */
  resume?: string | undefined
  /** Writes report.html into the run folder at the end. Default: true. */
  report?: boolean | undefined
  /**
   * Trains in a process of its own: a crash or an out-of-memory kill there is an error here. Default: false.
   */
  isolate?: boolean | undefined
  /** Called with each event of the run. A function. Default: none. */
  onProgress?: ((event: TrainEvent) => void) | undefined
  /** Stops the run after the current step, with a checkpoint. An AbortSignal. Default: none. */
  signal?: AbortSignal | undefined
}
