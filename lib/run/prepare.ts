/** From options to a run that can begin: data, configuration, folder, learner, and where to go on. */
import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { packageVersion } from '../addon/binary.ts'
import type { Addon, NativeAugmenter, NativeLearner } from '../addon/interface.ts'
import { loadAddon } from '../addon/load.ts'
import { evaluationFamily, lower, simclrFamily } from '../augment/index.ts'
import { learnerSpec } from '../config/learner-spec.ts'
import { expected, invalid } from '../config/messages.ts'
import { hasLinearHead, learnsLabels } from '../config/objective.ts'
import type { TrainOptions } from '../config/options.ts'
import { type MachineFacts, resolve, resumedReason, scheduleSettings } from '../config/resolve.ts'
import type { Resolution, ResolvedConfig } from '../config/resolved.ts'
import { epochOf, learningRate, type ScheduleSettings, totalSteps, viewSize } from '../config/schedule.ts'
import { fingerprint } from '../data/fingerprint.ts'
import { dataFacts, decodingThreads, type Images } from '../data/images.ts'
import { sampleTrain } from '../data/sources/scenes.ts'
import { OnlineProbe } from '../evaluate/online.ts'
import { Validation } from '../evaluate/validation.ts'
import { output } from '../io/output.ts'
import { factsOf } from '../launch/facts.ts'
import { isRestart } from '../launch/placement.ts'
import type { Ranks } from '../launch/ranks.ts'
import { Loader } from '../loader/loader.ts'
import { Sampler } from '../loader/sampler.ts'
import { machineFacts } from '../machine-facts.ts'
import { BestEncoder } from './best.ts'
import { Checkpointer } from './checkpointer.ts'
import type { RunConfig } from './config-file.ts'
import type { TrainEvent } from './events.ts'
import { newRunPath, RunFolder, readConfig } from './folder.ts'
import { askedBy, readHeldOut } from './held-out.ts'
import { type Beginner, readInit, withEncoder } from './init.ts'
import { Recorder } from './recorder.ts'
import { checkFits, findStart, type Start } from './resume.ts'
import { Session, type SessionParts } from './session.ts'
import { readTeacher, type Teacher } from './teacher.ts'
import { dataOf, readTrainingImages, settingsOf } from './training-images.ts'

/** Where rank 0 found the run, on every rank. */
interface Beginning extends Start {
  /** The run folder. */
  path: string
}

/** Weights that are there already: to begin with, and to learn from. */
export interface Known {
  init: Beginner | undefined
  teacher: Teacher | undefined
}

/** `options` must be valid. Leaves nothing behind where it throws. */
export async function prepare(options: TrainOptions, ranks: Ranks): Promise<Session> {
  const tell = (ranks.isFirst && options.onProgress) || (() => {})
  const folder = ranks.isFirst ? await RunFolder.open(options.out ?? (await newRunPath())) : null
  try {
    const beginning = await findBeginning(folder, options, ranks, tell)
    ranks.setActivity('reading images')
    // A run that goes on has its own weights.
    const named = beginning.checkpoint ? null : options.init
    const init = named ? await readInit(named, options.head?.keep) : undefined
    if (init?.note) tell({ type: 'warning', message: init.note })
    // A run that goes on still has its teacher to listen to.
    const listensTo = options.teacher ?? beginning.checkpoint?.config.teacher
    const teacher = listensTo ? await readTeacher(listensTo) : undefined
    const known = { init, teacher }
    const machine = await commonFacts(ranks)
    const images = await readTrainingImages(options, beginning, machine, known, tell)
    try {
      return await assemble(options, ranks, folder, { ...beginning, ...known }, machine, images, tell)
    } catch (error) {
      await images.dispose()
      throw error
    }
  } catch (error) {
    await folder?.discard()
    throw error
  }
}

/** The machine, with rank 0's measure of its processor for all: what follows from it must be the same. */
async function commonFacts(ranks: Ranks): Promise<MachineFacts> {
  const facts = machineFacts(loadAddon())
  if (ranks.size === 1) return facts
  const speed = await ranks.fromFirst(ranks.isFirst ? facts.bf16Speed() : null)
  return { ...facts, bf16Speed: () => speed }
}

/** Rank 0 looks into the folder, which others may not see, and tells them; the weights follow by `shareState`. */
async function findBeginning(
  folder: RunFolder | null,
  options: TrainOptions,
  ranks: Ranks,
  tell: (event: TrainEvent) => void,
): Promise<Beginning> {
  const warn = (message: string) => tell({ type: 'warning', message })
  const start = folder && (await findStart(folder, options.resume ?? 'auto', isRestart(), warn))
  if (ranks.size === 1) return { path: folder!.path, ...start! }
  const { checkpoint } = start ?? { checkpoint: null }
  const told = await ranks.fromFirst<Beginning>(
    folder && { path: folder.path, checkpoint: checkpoint && { ...checkpoint, tensors: [] }, unusable: [] },
  )
  return start ? { path: folder!.path, ...start } : told
}

async function assemble(
  options: TrainOptions,
  ranks: Ranks,
  folder: RunFolder | null,
  { path, checkpoint, unusable, init, teacher }: Beginning & Known,
  machine: MachineFacts,
  images: Images,
  tell: (event: TrainEvent) => void,
): Promise<Session> {
  const addon = loadAddon()
  const data = dataOf(options, checkpoint?.config)
  const facts = dataFacts(images, data === sampleTrain)
  const { notes, ...resolution } = resolve(
    settingsOf(options),
    facts,
    machine,
    checkpoint?.config,
    init,
    teacher,
  )
  const { config, schedule, plan } = resolution
  if (typeof data === 'string') config.data = data
  const step = checkpoint?.step ?? 0
  // Of the classifier, where one is trained.
  const classNames = teacher?.classes ?? images.classNames
  const listened = teacher?.checksum ?? null
  if (checkpoint) {
    checkFits(checkpoint, config, { count: images.count, classNames, teacher: listened }, plan.steps)
    const planned = totalSteps(scheduleSettings(checkpoint.config, images.count))
    if (planned !== plan.steps) tell({ type: 'warning', message: newLength(step, planned, schedule) })
  }
  checkParts(config, ranks)
  for (const message of notes) tell({ type: 'warning', message })
  const looks = await fingerprint(images, options.signal)
  if (checkpoint && (checkpoint.fingerprint ?? looks) !== looks)
    tell({ type: 'warning', message: otherImages(images.name, checkpoint.path) })
  await ranks.agree(() => factsOf(config, images, looks, listened))
  const classes = teacher?.classes.length ?? (hasLinearHead(config) ? classesOf(images) : 0)
  const spec = learnerSpec(config, classes, teacher?.spec)
  // Decoding counts among the busy threads, which never outnumber those asked for.
  if (images.isStreamed) spec.shards = Math.max(1, spec.shards - decodingThreads(spec.shards))
  if (ranks.group !== null) spec.group = ranks.group
  const asked = config.validation.metric === 'classifier' ? classNames : images.classNames
  const held = ranks.isFirst ? await readHeldOut(options, config, images, asked, tell) : null
  const validation = held && new Validation(addon, images, held, evaluationAugmenter(addon, config), config)
  let learner: NativeLearner | undefined
  let recorder: Recorder | undefined
  let checkpointer: Checkpointer | undefined
  try {
    learner = new addon.Learner(spec)
    if (checkpoint && ranks.isFirst) await learner.load(checkpoint.tensors)
    if (init && ranks.isFirst) await learner.load(withEncoder(await learner.state(), init))
    await learner.shareState()
    let disk: SessionParts['disk'] = null
    if (folder !== null) {
      await folder.writeConfig(runConfig(resolution, images, held, await configBefore(folder, checkpoint)))
      const goesOn = step < plan.steps ? epochOf(schedule, step) : null
      recorder = await Recorder.open(folder, step, goesOn, config.batchSize, tell)
      checkpointer = new Checkpointer({
        folder: folder.checkpoints,
        learner,
        config,
        images: images.count,
        fingerprint: looks,
        classNames,
        teacher: listened,
        resumedFrom: checkpoint,
        unusable,
        onWritten: (written, file) => tell({ type: 'checkpoint', step: written, path: file }),
      })
      // The first one shows before hours of work that checkpoints can be written, and lets any interrupted run go on.
      await checkpointer.save(step)
      if (!checkpoint) await output(folder.best, () => rm(folder.best, { force: true })) // of a run that is gone
      disk = {
        folder,
        checkpointer,
        best: await BestEncoder.open(folder.best, await askedBy(config, held, options.signal)),
      }
    }
    recorder ??= Recorder.silent(config.batchSize)
    const parameters = learner.parameterCount.encoder
    const { pid } = process
    tell({ type: 'start', folder: path, resolution, step, parameters, data: images.name, pid })
    const loader = trainingLoader(addon, images, resolution, step, ranks)
    const probe = ranks.isFirst ? onlineProbe(addon, images, config) : null
    const { steps } = plan
    const { signal } = options
    const fromFirst = (value: boolean) => ranks.fromFirst(value)
    // biome-ignore format: one line a thought
    return new Session({ path, images, classNames, config, schedule, steps, step, learner, loader, probe, validation, signal, fromFirst, recorder, disk, tell })
  } catch (error) {
    await recorder?.close().catch(() => {})
    await checkpointer?.settle().catch(() => {}) // while the folder is still ours
    learner?.dispose()
    await validation?.dispose()
    throw error
  }
}

/** Every shard of every rank has an image at least. */
function checkParts(config: ResolvedConfig, { size }: Ranks): void {
  const each = Math.floor(config.batchSize / size)
  if (each === 0) {
    const advice = 'Raise `batchSize`, or start fewer processes.'
    throw invalid(
      expected(`at least an image for each of the ${size} ranks`, 'batchSize', config.batchSize, advice),
    )
  }
  config.threads = Math.min(config.threads, each, config.chunkSize ?? each)
}

function trainingLoader(
  addon: Addon,
  images: Images,
  { config, schedule, plan }: Resolution,
  step: number,
  ranks: Ranks,
): Loader {
  const { seed, batchSize, views, imageSize, resolution, augment } = config
  const { convention } = config.schedule
  const sizes = new Set([...(resolution ?? []).map(({ size }) => size), imageSize])
  const family = simclrFamily(augment)
  const augmenters = new Map([...sizes].map((size) => [size, new addon.Augmenter(lower(family, size))]))
  return new Loader({
    images,
    augmenterAt: (at) => augmenters.get(viewSize(schedule, config, at))!,
    sampler: new Sampler({ convention, images: images.count, batchSize, seed }, addon.epochOrder),
    seed,
    views,
    withLabels: learnsLabels(config),
    step,
    steps: plan.steps,
    part: (rows) => ranks.part(rows),
  })
}

function onlineProbe(addon: Addon, images: Images, config: ResolvedConfig): OnlineProbe | null {
  // One labelled image has no neighbour.
  const labelled = images.labels?.reduce((count, label) => count + (label >= 0 ? 1 : 0), 0) ?? 0
  if (labelled < 2 || config.probe.everyEpochs === 0) return null
  return new OnlineProbe(addon, images, evaluationAugmenter(addon, config), config)
}

function evaluationAugmenter(addon: Addon, { augment, imageSize }: ResolvedConfig): NativeAugmenter {
  return new addon.Augmenter(lower(evaluationFamily(augment.convention, imageSize, augment), imageSize))
}

/** config.json of the run that goes on; null where none does, or its checkpoint was taken out of its folder. */
async function configBefore(
  folder: RunFolder,
  checkpoint: Beginning['checkpoint'],
): Promise<RunConfig | null> {
  if (checkpoint === null) return null
  const before = dirname(dirname(checkpoint.path))
  return before === folder.path ? readConfig(before) : readConfig(before).catch(() => null)
}

/** config.json; what came from the run being resumed keeps its first reason. */
function runConfig(
  { config, why, plan }: Resolution,
  images: Images,
  held: Images | null,
  before: RunConfig | null,
): RunConfig {
  const reasons = Object.entries(why).map(([name, reason]) => [
    name,
    reason.replace(resumedReason, () => before?.why[name] ?? resumedReason),
  ])
  const { name, count, classNames } = images
  return {
    simclr: packageVersion(),
    options: config,
    why: Object.fromEntries(reasons),
    data: { name, images: count, classes: classNames && [...classNames] },
    validation: held && { name: held.name, images: held.count },
    plan,
  }
}

function otherImages(name: string, checkpoint: string): string {
  return (
    `The images of ${name} are not those of ${checkpoint}, though as many: other files, another order or another decoder. ` +
    'The run goes on with them; if that is not meant, stop it and name the set that it began with.'
  )
}

function newLength(step: number, planned: number, schedule: ScheduleSettings): string {
  return (
    `This run was planned for ${planned} steps and now has ${totalSteps(schedule)}: from step ${step} on the learning ` +
    `rate follows the new schedule (${learningRate(schedule, step).toPrecision(3)} there); steps before followed the old one.`
  )
}

function classesOf({ classNames, labels }: Images): number {
  return classNames?.length ?? 1 + (labels?.reduce((a, b) => Math.max(a, b), -1) ?? -1)
}
