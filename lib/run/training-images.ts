/** The images that a run trains on. */
import { invalid } from '../config/messages.ts'
import { learnsLabels } from '../config/objective.ts'
import type { TrainOptions } from '../config/options.ts'
import { resolve } from '../config/resolve.ts'
import type { ResolvedConfig } from '../config/resolved.ts'
import { type TrainSettings, trainSettings } from '../config/settings.ts'
import { type Images, readImages } from '../data/images.ts'
import type { DataInput } from '../data/open.ts'
import { partOf } from '../data/select.ts'
import { summarizeSkipped } from '../data/skipped.ts'
import { sampleTrain } from '../data/sources/scenes.ts'
import { shareThreads } from '../data/threads.ts'
import type { Parts } from './parts.ts'

/** Reads the data that the options, or the run being resumed, name. */
export async function readTrainingImages({
  options,
  start,
  machine,
  tell,
}: Pick<Parts, 'options' | 'start' | 'machine' | 'tell'>): Promise<Images> {
  const { checkpoint, init, teacher } = start
  const previous = checkpoint?.config
  if (checkpoint && options.data === undefined && previous?.data === undefined) {
    throw invalid(
      `Expected \`data\`: the run of ${checkpoint.path} had a source in memory. Pass the same one.`,
    )
  }
  if (checkpoint && options.validation?.data === undefined && lacksHeldOut(checkpoint.config)) {
    throw invalid(
      `Expected \`validation.data\`: the run of ${checkpoint.path} had a source in memory. Pass the same one, or null to go on without.`,
    )
  }
  const data = dataOf(options, previous)
  const guess = {
    images: options.limit ?? previous?.limit ?? 2 ** 31,
    labelled: true,
    isDefault: data === sampleTrain,
  }
  const resolved = (imageSize: number | null) =>
    resolve(settingsOf(options), { data: { ...guess, imageSize }, machine, previous, init, teacher }).config
  // What cannot work is said before a large set is read.
  const config = resolved(null)
  const { imageSize, maxSkipped, threads, stream } = config
  const isOpen = resolved(8).imageSize !== resolved(1024).imageSize
  const read = await readImages(data, {
    // Decoded for the views that will be made, as when the run is resumed or run again, which know their size.
    imageSize: isOpen ? (usual) => resolved(usual).imageSize : imageSize,
    ...partOf(config),
    ...{ maxSkipped, threads, stream },
    // Labels that a student learns beside its teacher mean what the teacher means by them.
    classNames: teacher && learnsLabels(config) ? teacher.classes : undefined,
    streamThreads: shareThreads(threads).decoding,
    signal: options.signal,
    onProgress: (progress) => tell({ type: 'data', ...progress }),
  })
  if (read.skipped.length > 0) {
    tell({ type: 'warning', message: `${read.name}: left out ${summarizeSkipped(read.skipped)}.` })
  }
  return read
}

/** Was it validated on a source in memory? */
function lacksHeldOut({ validation }: ResolvedConfig): boolean {
  return validation.data === undefined
}

export function dataOf(options: TrainOptions, previous: ResolvedConfig | undefined): DataInput {
  return options.data ?? previous?.data ?? sampleTrain
}

/** The options that describe the run: all but where, when and to whom. */
export function settingsOf(options: TrainOptions): TrainSettings {
  const entries = Object.entries(options).filter(([name]) => Object.hasOwn(trainSettings.shape, name))
  return Object.fromEntries(entries)
}
