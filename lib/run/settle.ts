/** What a run will be: its options resolved on its images, fitting its checkpoint and the same on every rank. */
import { resolve as resolvePath } from 'node:path'
import { expected, invalid } from '../config/messages.ts'
import { resolve } from '../config/resolve.ts'
import { type Resolution, type ResolvedConfig, scheduleSettings } from '../config/resolved.ts'
import { learningRate, type ScheduleSettings, totalSteps } from '../config/schedule.ts'
import { absoluteData } from '../data/absolute.ts'
import { fingerprintOf } from '../data/fingerprint.ts'
import { dataFacts } from '../data/images.ts'
import type { DataInput } from '../data/open.ts'
import { sampleTrain } from '../data/sources/scenes.ts'
import { factsOf, remarksOn } from '../launch/facts.ts'
import type { Ranks } from '../launch/ranks.ts'
import type { Parts } from './parts.ts'
import { checkFits } from './resume.ts'
import { dataOf, settingsOf } from './training-images.ts'

/** A run as it will be, on every rank the same. */
export interface Settled {
  resolution: Resolution
  /** Steps done. */
  step: number
  /** Of the classifier, where one is trained. */
  classNames: readonly string[] | null
  /** Of the teacher's weights; null without one. */
  teacherChecksum: string | null
  /** Of the images. */
  fingerprint: string
}

/** Resolves the options on the images, and refuses what fits neither the checkpoint nor the other ranks. */
export async function settle({ options, ranks, start, machine, images, tell }: Parts): Promise<Settled> {
  const { checkpoint, init, teacher } = start
  const data = dataOf(options, checkpoint?.config)
  const { notes, ...resolution } = resolve(settingsOf(options), {
    data: dataFacts(images, data === sampleTrain),
    machine,
    previous: checkpoint?.config,
    init,
    teacher,
  })
  const { config, schedule, plan } = resolution
  nameFiles(config, data)
  const step = checkpoint?.step ?? 0
  const classNames = teacher?.classes ?? images.classNames
  const teacherChecksum = teacher?.checksum ?? null
  if (checkpoint) {
    const { count, isStreamed } = images
    checkFits(checkpoint, config, { count, isStreamed, classNames, teacher: teacherChecksum }, plan.steps)
    const planned = totalSteps(scheduleSettings(checkpoint.config, images.count))
    if (planned !== plan.steps) tell({ type: 'warning', message: newLength(step, planned, schedule) })
  }
  checkParts(config, ranks)
  for (const message of notes) tell({ type: 'warning', message })
  const fingerprint = await fingerprintOf(images, options.signal)
  if (checkpoint && checkpoint.fingerprint !== fingerprint)
    tell({ type: 'warning', message: otherImages(images.name, checkpoint.path) })
  await ranks.agree(
    () => factsOf(config, images, { fingerprint, teacher: teacherChecksum }),
    remarksOn(images),
  )
  return { resolution, step, classNames, teacherChecksum, fingerprint }
}

/** A run may go on, and be looked at, from any working folder: what it keeps of files' names is absolute. */
function nameFiles(config: ResolvedConfig, data: DataInput): void {
  const { validation, init, teacher } = config
  if (typeof data === 'string') config.data = absoluteData(data)
  if (validation.data != null) validation.data = absoluteData(validation.data)
  if (init !== null) config.init = resolvePath(init)
  if (teacher !== null) config.teacher = resolvePath(teacher)
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
