/** `simclr train --test`: what it needs is looked for before the run, what it tells is said after. */
import { validate } from '../config/messages.ts'
import { trainsClassifier } from '../config/objective.ts'
import { type TrainOptions, trainOptions } from '../config/options.ts'
import { presets } from '../config/presets.ts'
import type { ResolvedConfig } from '../config/resolved.ts'
import type { DataInput } from '../data/open.ts'
import { partOf } from '../data/select.ts'
import { aboutShared, type SharedImages } from '../data/shared.ts'
import { sampleTrain } from '../data/sources/scenes.ts'
import { type Comparison, compare, sharedWith } from '../evaluate/compare.ts'
import { evaluate } from '../evaluate/evaluate.ts'
import { checkLabelled } from '../evaluate/labelled.ts'
import { formatCount, formatPercent } from '../format.ts'
import { readConfig } from '../run/folder.ts'
import type { Run } from '../run/result.ts'
import { say } from './output.ts'

/**
 * Opens what the run will be compared on, which else would fail after hours. Errors: ERR_SIMCLR_INVALID_ARGUMENT,
 * ERR_SIMCLR_DATA (no such images, no labels, a class that is not trained on).
 */
export async function checkTest(options: TrainOptions, test: string): Promise<void> {
  validate(trainOptions, options)
  const { previous, isKnown } = await runBefore(options)
  const data = options.data ?? previous?.data ?? (isKnown ? sampleTrain : undefined)
  const objective = objectiveOf(options, previous)
  let classNames: readonly string[] | undefined
  // A student's classes are its teacher's; its images need no labels, and neither are they learnt from again.
  if (data !== undefined && objective !== 'distill') {
    const or = trainsClassifier({ objective })
      ? undefined
      : 'leave `--test` out and compare afterwards, learning from labelled ones: simclr eval --encoder RUN --data LABELLED --test TEST'
    classNames = await checkLabelled(data, 'data', {}, or)
  }
  await checkLabelled(test, 'test', { classNames })
}

/** Options of the run that goes on, if one does; whether that is certain. */
async function runBefore({
  out,
  resume = 'auto',
}: TrainOptions): Promise<{ previous: ResolvedConfig | undefined; isKnown: boolean }> {
  const isPath = resume !== 'auto' && resume !== 'never'
  const folder = isPath ? resume : resume === 'auto' ? out : undefined
  // What is wrong with its config.json is for the run to tell.
  const config = folder === undefined ? null : await readConfig(folder).catch(() => null)
  return { previous: config?.options, isKnown: config !== null || !isPath }
}

/** As resolving has it, where nothing is known of the images. */
function objectiveOf({ objective, preset }: TrainOptions, previous: ResolvedConfig | undefined) {
  if (objective !== undefined) return objective
  if (previous !== undefined) return previous.objective
  return (preset && presets[preset].settings(224).objective) ?? 'contrastive'
}

/** What a comparison has come to; a classifier has an accuracy, other encoders what probes on them have. */
export interface Tested {
  probes?: Omit<Comparison, 'shared'>
  accuracy?: number
  shared: SharedImages
}

/**
 * Compares a run on test images with the images that it was trained on, however they were chosen, and says what came of
 * it; `isTold`: on stdout, too.
 */
export async function testRun(
  { encoder, config }: Run,
  { data, test, signal, isTold }: { data: DataInput; test: string; signal: AbortSignal; isTold: boolean },
): Promise<Tested> {
  const { seed, maxSkipped, imageSize } = config
  const sets = { data, test, ...partOf(config), maxSkipped, signal }
  if (encoder.classes !== null) {
    const { accuracy } = await evaluate({ encoder, test, probe: 'classifier', maxSkipped, signal })
    const shared = await sharedWith(sets, imageSize)
    say(`Accuracy on ${test}: ${formatPercent(accuracy)}`)
    sayShared(shared, test)
    return { accuracy, shared }
  }
  say(`Comparing on ${test} …`)
  const { shared, ...probes } = await compare(encoder, { ...sets, seed })
  if (isTold) process.stdout.write(table(probes))
  sayShared(shared, test)
  return { probes, shared }
}

/** That test images are new is said only where it was found to be so. */
function sayShared(shared: SharedImages, test: string): void {
  const about = aboutShared(shared, test, 'trained on')
  if (about !== null) say(`Note: ${about}`)
  else if (shared.isComplete)
    say(`None of the ${formatCount(shared.of)} images of ${test} is trained on, pixel for pixel.`)
}

function table({ raw, random, trained }: Omit<Comparison, 'shared'>): string {
  const rows = [
    ['raw pixels', raw],
    ['random encoder', random],
    ['trained encoder', trained],
  ] as const
  const line = (name: string, knn: string, linear: string) =>
    `${name.padEnd(16)}${knn.padStart(9)}${linear.padStart(9)}\n`
  return rows.reduce(
    (text, [name, { knn, linear }]) => text + line(name, formatPercent(knn), formatPercent(linear)),
    line('accuracy', 'kNN', 'linear'),
  )
}
