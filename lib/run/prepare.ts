/** From options to a run that can begin: data, configuration, folder, learner, and where to go on. */
import { rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { packageVersion } from '../addon/binary.ts'
import type { Addon, LearnerSpec, NativeAugmenter, NativeLearner } from '../addon/interface.ts'
import { loadAddon } from '../addon/load.ts'
import { evaluationFamily, lower, simclrFamily } from '../augment/index.ts'
import type { MachineFacts } from '../config/facts.ts'
import { learnerSpec } from '../config/learner-spec.ts'
import { hasLinearHead, learnsLabels } from '../config/objective.ts'
import type { TrainOptions } from '../config/options.ts'
import { reasonBefore } from '../config/reason.ts'
import type { Resolution, ResolvedConfig } from '../config/resolved.ts'
import { epochOf, viewSize } from '../config/schedule.ts'
import type { Images } from '../data/images.ts'
import { countLabelled } from '../data/labels.ts'
import { batchesAhead, shareThreads } from '../data/threads.ts'
import { OnlineProbe } from '../evaluate/online.ts'
import { Validation } from '../evaluate/validation.ts'
import { output } from '../io/output.ts'
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
import { readInit, withEncoder } from './init.ts'
import type { Beginning, Parts } from './parts.ts'
import { Recorder } from './recorder.ts'
import { findStart } from './resume.ts'
import { Session, type SessionParts } from './session.ts'
import { type Settled, settle } from './settle.ts'
import { readTeacher } from './teacher.ts'
import { readTrainingImages } from './training-images.ts'

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
    const start = { ...beginning, init, teacher }
    const machine = await commonFacts(ranks)
    const images = await ranks.atWork(() => readTrainingImages({ options, start, machine, tell }))
    try {
      return await assemble({ options, ranks, folder, start, machine, images, tell })
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
  const facts = machineFacts(loadAddon(), ranks.size === 1 ? undefined : await ranks.coreSharers())
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

async function assemble(parts: Parts): Promise<Session> {
  const { options, ranks, folder, start, images, tell } = parts
  const { signal } = options
  const addon = loadAddon()
  const settled = await settle(parts)
  const { resolution, step, classNames } = settled
  const { config, schedule, plan } = resolution
  const heldNames = config.validation.metric === 'classifier' ? classNames : images.classNames
  const among = { training: images, classNames: heldNames }
  const held = ranks.isFirst ? await ranks.atWork(() => readHeldOut(options, config, among, tell)) : null
  const augmenter = evaluationAugmenter(addon, config)
  const validation = held && new Validation({ addon, training: images, held, augmenter, config })
  let learner: NativeLearner | undefined
  let written: Written | undefined
  try {
    learner = new addon.Learner(specOf(parts, config))
    await loadWeights(learner, parts)
    let disk: SessionParts['disk'] = null
    if (folder !== null) {
      await folder.writeConfig(
        runConfig(resolution, images, held, await configBefore(folder, start.checkpoint)),
      )
      written = await openWritten(folder, parts, settled, learner)
      const { checkpointer } = written
      // The first one shows before hours of work that checkpoints can be written, and lets any interrupted run go on.
      await checkpointer.save(step)
      if (!start.checkpoint) await output(folder.best, () => rm(folder.best, { force: true })) // of a run that is gone
      const best = await BestEncoder.open(folder.best, await askedBy(config, held, signal))
      disk = { folder, checkpointer, best }
    }
    const recorder = written?.recorder ?? Recorder.silent(config.batchSize)
    const parameters = learner.parameterCount.encoder
    const { path } = start
    tell({ type: 'start', folder: path, resolution, step, parameters, data: images.name, pid: process.pid })
    const loader = trainingLoader(addon, parts, settled)
    const probe = ranks.isFirst ? onlineProbe(addon, images, augmenter, config) : null
    const { steps } = plan
    // biome-ignore format: one line a thought
    return new Session({ path, images, classNames, config, schedule, steps, step, learner, loader, probe, validation, signal, ranks, recorder, disk, tell })
  } catch (error) {
    await written?.recorder.close().catch(() => {})
    await written?.checkpointer.settle().catch(() => {}) // while the folder is still ours
    learner?.dispose()
    await validation?.dispose()
    throw error
  }
}

/** What native code is told of this rank's learner. */
function specOf({ ranks, images, start }: Parts, config: ResolvedConfig): LearnerSpec {
  const { teacher } = start
  const classes = teacher?.classes.length ?? (hasLinearHead(config) ? classesOf(images) : 0)
  const spec = learnerSpec(config, classes, teacher?.spec)
  if (images.isStreamed) spec.shards = shareThreads(spec.shards).computing
  if (ranks.group !== null) spec.group = ranks.group
  return spec
}

/** Those of the checkpoint or of the encoder to begin with, on every rank; else they stay random. */
async function loadWeights(learner: NativeLearner, { ranks, start }: Parts): Promise<void> {
  const { checkpoint, init } = start
  if (checkpoint && ranks.isFirst) await learner.load(checkpoint.tensors)
  if (init && ranks.isFirst) await learner.load(withEncoder(await learner.state(), init))
  await learner.shareState()
}

/** What writes the run down while it goes on. */
interface Written {
  recorder: Recorder
  checkpointer: Checkpointer
}

async function openWritten(
  folder: RunFolder,
  { start, images, tell }: Parts,
  { resolution, step, classNames, teacherChecksum, fingerprint }: Settled,
  learner: NativeLearner,
): Promise<Written> {
  const { config, schedule, plan } = resolution
  const epoch = step < plan.steps ? epochOf(schedule, step) : null
  const recorder = await Recorder.open(folder, { step, epoch }, config.batchSize, tell)
  const checkpointer = new Checkpointer({
    folder: folder.checkpoints,
    learner,
    config,
    images: images.count,
    isStreamed: images.isStreamed,
    fingerprint,
    classNames,
    teacher: teacherChecksum,
    resumedFrom: start.checkpoint,
    unusable: start.unusable,
    onWritten: (written, path) => tell({ type: 'checkpoint', step: written, path }),
  })
  return { recorder, checkpointer }
}

function trainingLoader(
  addon: Addon,
  { images, ranks }: Parts,
  { resolution: { config, schedule, plan }, step }: Settled,
): Loader {
  const { seed, batchSize, views, imageSize, resolution, augment, threads, device } = config
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
    ahead: batchesAhead(images.isStreamed, threads, device),
    part: (rows) => ranks.part(rows),
  })
}

function onlineProbe(
  addon: Addon,
  images: Images,
  augmenter: NativeAugmenter,
  config: ResolvedConfig,
): OnlineProbe | null {
  // One labelled image has no neighbour.
  if (countLabelled(images.labels) < 2 || config.probe.everyEpochs === 0) return null
  return new OnlineProbe(addon, images, augmenter, config)
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
  const reasons = Object.entries(why).map(([name, reason]) => [name, reasonBefore(reason, before?.why[name])])
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

function classesOf({ classNames, labels }: Images): number {
  return classNames?.length ?? 1 + (labels?.reduce((a, b) => Math.max(a, b), -1) ?? -1)
}
