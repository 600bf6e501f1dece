/** `simclr train`: images in, a run folder with an encoder out. */
import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { SimclrError } from '../addon/errors.ts'
import { isTree, mergeLayers } from '../config/layers.ts'
import { invalid, show } from '../config/messages.ts'
import { type TrainOptions, trainOptions } from '../config/options.ts'
import { forRerun, type RanWith } from '../config/rerun.ts'
import { sampleTest, sampleTrain } from '../data/sources/scenes.ts'
import { formatCount, formatDuration, formatPercent } from '../format.ts'
import { hasLauncher, placement } from '../launch/placement.ts'
import type { TrainEvent } from '../run/events.ts'
import type { Run } from '../run/result.ts'
import { train } from '../train.ts'
import { interruptSignal, isStopped } from './interrupt.ts'
import { addOptionFlags, readOptionFlags } from './option-flags.ts'
import { emit, examples, jsonOption, say } from './output.ts'
import { RunProgress } from './run-progress.ts'
import { checkTest, type Tested, testRun } from './train-test.ts'

// biome-ignore format: one line
const common = ['data', 'preset', 'out', 'epochs', 'batch-size', 'image-size', 'arch', 'width', 'stem', 'convention', 'limit', 'optimizer', 'lr', 'temperature', 'precision', 'device', 'threads', 'seed', 'resume', 'checkpoint-every-seconds']

export function registerTrain(program: Command): void {
  const command = program
    .command('train')
    .description('train an encoder on images without labels; without --data on synthetic scenes')
  addOptionFlags(command, trainOptions, common)
  command
    .option(
      '--test <data>',
      'labelled images to compare raw pixels, an untrained and the trained encoder on afterwards, or to test a fine-tuned classifier on',
    )
    .option(
      '--config <file>',
      "a run's config.json to start from; flags override it, and what followed from what they change",
    )
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        ['simclr train', 'a few minutes on synthetic scenes, then what the encoder learnt'],
        ['simclr train --data ./photos --preset torch --epochs 100 --out runs/photos', 'your own images'],
        ['simclr train --out runs/photos', 'go on with an interrupted run; all else is as it was'],
        [
          'simclr train --data cifar10:DIR --preset paper --arch resnet18 --batch-size 512',
          "the paper's CIFAR-10 recipe",
        ],
        ['simclr train --config runs/photos/config.json --seed 1', 'the same run with another seed'],
        [
          'simclr train --preset fine-tune --init runs/photos --data ./labelled --out runs/tuned',
          'a classifier of class folders',
        ],
        [
          'simclr train --preset distill --teacher runs/tuned --data ./photos --arch resnet18 --out runs/small',
          'a smaller one that learns from it, without labels',
        ],
      ),
    )
    .action(runTrain)
}

interface TrainFlags {
  test?: string
  config?: string
  json?: boolean
}

async function runTrain(flags: TrainFlags & Record<string, unknown>): Promise<void> {
  const options = await readOptions(flags)
  // A launcher hands SIGHUP on and kills whoever does not end by it.
  using interrupt = interruptSignal({ outlivesTerminal: !hasLauncher() })
  // Of several ranks the first one compares; others may not see the images.
  if (flags.test !== undefined && (placement()?.rank ?? 0) === 0) await checkTest(options, flags.test)
  const progress = new RunProgress()
  let folder: string | undefined
  const onProgress = (event: TrainEvent) => {
    if (event.type === 'start') folder = event.folder
    progress.show(event)
    if (flags.json) emit({ ...event })
  }
  let run: Run
  try {
    run = await train({ ...options, signal: interrupt.signal, onProgress })
  } catch (error) {
    progress.stop()
    if (isStopped(error) && folder !== undefined)
      say(`Everything is on the disk. Go on with: simclr train --out ${folder}`)
    throw error
  } finally {
    progress.stop()
  }
  try {
    if (run.rank === 0) await conclude(run, options, flags, interrupt.signal)
  } finally {
    run.encoder.dispose()
  }
}

async function readOptions(flags: TrainFlags & Record<string, unknown>): Promise<TrainOptions> {
  const typed = readOptionFlags(trainOptions, flags) as TrainOptions
  if (flags.config === undefined) return typed
  const file = await readConfigFile(flags.config)
  const options = mergeLayers([
    { by: 'option', why: flags.config, values: forRerun(file, typed) },
    { by: 'option', why: 'flags', values: typed },
  ]).values as TrainOptions
  requireImages(options, file, flags.config)
  return options
}

/** Images of an app's own are in no file. */
function requireImages(
  { data, validation }: TrainOptions,
  { data: ran, validation: held }: ConfigFile,
  path: string,
) {
  const lacks = (flag: string, { name }: { name?: unknown }) =>
    invalid(
      `Expected \`--${flag}\`: the run of ${path} had a source in memory, ${show(name)}. Name images that a path or 'kind:path' leads to.`,
    )
  if (ran && data === undefined) throw lacks('data', ran)
  if (held && validation !== undefined && validation.data === undefined) throw lacks('validation', held)
}

/** What a run's config.json has beside its options. */
interface ConfigFile extends RanWith {
  data?: { name?: unknown }
  validation?: { name?: unknown }
}

async function readConfigFile(path: string): Promise<ConfigFile> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    throw new SimclrError('ERR_SIMCLR_IO', `Could not read ${path}: ${(error as Error).message}`, {
      cause: error,
    })
  }
  const refuse = (why: string) =>
    invalid(
      `Expected a config.json for \`--config\` but ${path} ${why}. Name that of a run, or a file with options as \`train\` takes them.`,
    )
  let config: unknown
  try {
    config = JSON.parse(text)
  } catch (error) {
    throw refuse(`is no JSON: ${(error as Error).message}`)
  }
  if (!isTree(config)) throw refuse(`holds ${show(config)}`)
  const { $schema: _, ...given } = config // for editors (options.schema.json)
  const { options, why, data, validation } = given
  if (options === undefined) return { options: given }
  if (!isTree(options)) throw refuse(`has ${show(options)} for its \`options\``)
  return {
    options,
    ...(isTree(why) && { why: why as NonNullable<RanWith['why']> }),
    ...(isTree(data) && { data }),
    ...(isTree(validation) && { validation }),
  }
}

/** The summary, and where there are test images what the encoder learnt; `result` is told also where they cannot be used. */
async function conclude(
  run: Run,
  options: TrainOptions,
  flags: TrainFlags,
  signal: AbortSignal,
): Promise<void> {
  const data = options.data ?? run.config.data ?? sampleTrain
  const test = flags.test ?? (data === sampleTrain ? sampleTest : undefined)
  say(`Trained for ${formatDuration(run.seconds)} at ${formatCount(Math.round(run.pairsPerSecond))} pairs/s.`)
  if (run.skipped.length > 0)
    say(`Left out ${formatCount(run.skipped.length)} files that are no usable images.`)

  if (run.best) {
    const { accuracy, step, path } = run.best
    say(
      `Best on ${run.config.validation.data}: ${formatPercent(accuracy)}, after step ${formatCount(step)} → ${path}`,
    )
  }

  let tested: Tested | undefined
  let failure: unknown
  try {
    if (test !== undefined) tested = await testRun(run, { data, test, signal, isTold: !flags.json })
  } catch (error) {
    failure = error // of the comparison: the run is there all the same
  }
  say(`Run folder: ${run.folder}`)
  say(
    run.encoder.classes === null
      ? `Next: simclr embed --encoder ${run.folder} --data ./photos --out features.npy`
      : `Next: simclr classify --encoder ${run.folder} --data ./photos`,
  )
  if (flags.json) {
    const { folder, seconds: trainSeconds, pairsPerSecond, best } = run
    const line = { type: 'result', folder, data: String(data), trainSeconds, pairsPerSecond }
    emit({ ...line, ...(best && { best }), ...tested })
  }
  if (failure !== undefined) throw failure
}
