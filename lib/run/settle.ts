/** What a run will be: its options resolved on its images, fitting its checkpoint and the same on every rank. */
import { expected, invalid } from '../config/messages.ts'
import type { TrainOptions } from '../config/options.ts'
import { type MachineFacts, resolve, scheduleSettings } from '../config/resolve.ts'
import type { Resolution, ResolvedConfig } from '../config/resolved.ts'
import { learningRate, type ScheduleSettings, totalSteps } from '../config/schedule.ts'
import { fingerprint } from '../data/fingerprint.ts'
import { dataFacts, type Images } from '../data/images.ts'
import { sampleTrain } from '../data/sources/scenes.ts'
import { factsOf, remarksOn } from '../launch/facts.ts'
import type { Ranks } from '../launch/ranks.ts'
import type { TrainEvent } from './events.ts'
import type { RunFolder } from './folder.ts'
import type { Beginner } from './init.ts'
import { checkFits, type Start } from './resume.ts'
import type { Teacher } from './teacher.ts'
import { dataOf, settingsOf } from './training-images.ts'

/** Where rank 0 found the run, on every rank. */
export interface Beginning extends Start {
  /** The run folder. */
  path: string
}

/** Weights that are there already: to begin with, and to learn from. */
export interface Known {
  init: Beginner | undefined
  teacher: Teacher | undefined
}

/** What a run is made of. */
export interface Parts {
  options: TrainOptions
  ranks: Ranks
  /** Null but on rank 0. */
  folder: RunFolder | null
  start: Beginning & Known
  machine: MachineFacts
  images: Images
  tell: (event: TrainEvent) => void
}

/** A run as it will be, on every rank the same. */
export interface Settled {
  resolution: Resolution
  /** Steps done. */
  step: number
  /** Of the classifier, where one is trained. */
  classNames: readonly string[] | null
  /** Checksum of the teacher's weights; null without one. */
  listened: string | null
  /** The images' fingerprint. */
  looks: string
}

/** Resolves the options on the images, and refuses what fits neither the checkpoint nor the other ranks. */
export async function settle({ options, ranks, start, machine, images, tell }: Parts): Promise<Settled> {
  const { checkpoint, init, teacher } = start
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
  const classNames = teacher?.classes ?? images.classNames
  const listened = teacher?.checksum ?? null
  if (checkpoint) {
    const { count, isStreamed } = images
    checkFits(checkpoint, config, { count, isStreamed, classNames, teacher: listened }, plan.steps)
    const planned = totalSteps(scheduleSettings(checkpoint.config, images.count))
    if (planned !== plan.steps) tell({ type: 'warning', message: newLength(step, planned, schedule) })
  }
  checkParts(config, ranks)
  for (const message of notes) tell({ type: 'warning', message })
  const looks = await fingerprint(images, options.signal)
  if (checkpoint && (checkpoint.fingerprint ?? looks) !== looks)
    tell({ type: 'warning', message: otherImages(images.name, checkpoint.path) })
  await ranks.agree(() => factsOf(config, images, looks, listened), remarksOn(images))
  return { resolution, step, classNames, listened, looks }
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
