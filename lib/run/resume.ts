/** Where a run begins: anew, or at a checkpoint that fits it. */
import { realpath, stat } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { SimclrError } from '../addon/errors.ts'
import { isTree } from '../config/layers.ts'
import { mayChange } from '../config/may-differ.ts'
import { invalid, show } from '../config/messages.ts'
import { hasLinearHead } from '../config/objective.ts'
import type { ResolvedConfig } from '../config/resolved.ts'
import { countedImages, type Images } from '../data/images.ts'
import { exists } from '../io/exists.ts'
import { readSafetensorsHeader } from '../io/safetensors.ts'
import {
  type Checkpoint,
  checkpointsPath,
  listCheckpoints,
  newestCheckpoint,
  putAside,
  readCheckpoint,
  stepOf,
} from '../weights/checkpoint.ts'
import { configPath, type RunFolder } from './folder.ts'

export interface Start {
  /** Null: from the beginning. */
  checkpoint: (Checkpoint & { path: string }) | null
  /** Checkpoints in the folder that cannot be read. */
  unusable: string[]
}

/**
 * Finds the checkpoint that `resume` asks for; in a restart (launch/placement.ts) what attempts before this one have left
 * in the folder comes first. Throws ERR_SIMCLR_CHECKPOINT, ERR_SIMCLR_CORRUPT_FILE, ERR_SIMCLR_STATE.
 */
export async function findStart(
  folder: RunFolder,
  resume: string,
  isRestart: boolean,
  warn: (message: string) => void,
): Promise<Start> {
  const unusable: string[] = []
  const newestOf = (checkpoints: string) =>
    newestCheckpoint(checkpoints, (path, reason) => {
      unusable.push(path)
      warn(`Left out ${path}: ${reason.message}`)
    })
  const own = await listCheckpoints(folder.checkpoints)
  if (resume === 'auto' || (isRestart && (resume === 'never' || own.length > 0))) {
    const checkpoint = await newestOf(folder.checkpoints)
    if (checkpoint === null) await refuseToOverwrite(folder)
    return { checkpoint, unusable }
  }
  if (resume === 'never') {
    if (await holdsRun(folder)) {
      throw new SimclrError(
        'ERR_SIMCLR_STATE',
        `Expected a folder without a run for \`resume\` 'never' but ${folder.path} holds one. Choose another \`out\`, or resume 'auto' to go on.`,
      )
    }
    return { checkpoint: null, unusable }
  }
  if (!(await exists(resume))) {
    throw invalid(`Expected 'auto', 'never' or a path for \`resume\` but ${show(resume)} is not there.`)
  }
  const path = await realpath(resume)
  const found = (await stat(path)).isDirectory()
    ? await newestOf(checkpointsPath(path))
    : { ...(await readCheckpoint(path)), path }
  if (found === null) throw invalid(`Expected a run with checkpoints for \`resume\` but ${path} has none.`)
  if (dirname(found.path) !== (await realpath(folder.checkpoints))) {
    await refuseToMix(folder, own, found.path)
    return { checkpoint: found, unusable }
  }
  const checkpoint = { ...found, path: join(folder.checkpoints, basename(found.path)) }
  await leaveOtherBranch(folder, own, checkpoint, warn)
  return { checkpoint, unusable }
}

/** What options that older checkpoints lack were then. */
const before: readonly (readonly [string, unknown])[] = [
  ['objective', 'contrastive'],
  ['init', null],
  ['teacher', null],
  ['distillation.temperature', 1],
  ['distillation.weight', 1],
  ['fineTuneAfterBlock', -1],
  ['head.keep', 0],
  ['head.hidden', null],
  ['views', 2],
  ['resolution', null],
  ['chunkSize', null],
  ['augment.hueMode', 'exact'],
  ['augment.verticalFlip', 0],
  ['augment.quarterTurn', 0],
  ['augment.quarterTurnMode', 'any'],
  ['optimizer.beta1', 0.9],
  ['optimizer.beta2', 0.999],
]

/** Throws ERR_SIMCLR_CHECKPOINT naming the first option that does not fit the checkpoint. */
export function checkFits(
  checkpoint: Checkpoint & { path: string },
  config: ResolvedConfig,
  images: Pick<Images, 'count' | 'classNames' | 'isStreamed'> & { teacher: string | null },
  steps: number,
): void {
  const refuse = (name: string, ours: unknown, theirs: unknown, advice = 'Take that value'): never => {
    throw new SimclrError(
      'ERR_SIMCLR_CHECKPOINT',
      `Expected ${show(theirs)} for \`${name}\`, as in ${checkpoint.path}, but received ${show(ours)}. ${advice} to go on with this run, or another \`out\` for a new one.`,
    )
  }
  const { classNames, teacher } = images
  const ours = leaves(config)
  const theirs = new Map([...before, ...leaves(checkpoint.config)])
  for (const name of new Set([...ours.keys(), ...theirs.keys()])) {
    if (mayChange.has(name)) continue
    if (JSON.stringify(ours.get(name)) === JSON.stringify(theirs.get(name))) continue
    refuse(name, ours.get(name), theirs.get(name))
  }
  // What the linear head has learnt to call by a number.
  const known = hasLinearHead(config) ? checkpoint.classNames : null
  if (known && String(known) !== String(classNames)) refuse('classes of data', classNames, known)
  if (teacher !== checkpoint.teacher) refuse('weights of teacher', teacher, checkpoint.teacher)
  if (images.count !== checkpoint.images) {
    const advice = aboutCount(checkpoint.isStreamed, images.isStreamed)
    refuse('number of images in data', images.count, checkpoint.images, advice)
  }
  if (steps < checkpoint.step) {
    throw new SimclrError(
      'ERR_SIMCLR_CHECKPOINT',
      `Expected at least the ${checkpoint.step} steps that ${checkpoint.path} has done but received options for ${steps}. Raise \`epochs\`, or resume an earlier checkpoint.`,
    )
  }
}

/** What may mend another number of images: `stream: 'auto'` decides by the memory that each rank has, and so by how many there are. */
function aboutCount(before: boolean | null, now: boolean): string {
  if (before === null || before === now) return 'Take the images that there were then'
  const needs = before ? '' : ', for which fewer processes leave each more memory,'
  return (
    `Then they were ${countedImages(before)}; now they are ${countedImages(now)}. ` +
    `Give \`stream\`: '${before ? 'on' : 'off'}'${needs}`
  )
}

function leaves(value: object, prefix = '', into = new Map<string, unknown>()): Map<string, unknown> {
  for (const [key, inner] of Object.entries(value)) {
    if (isTree(inner)) leaves(inner, `${prefix}${key}.`, into)
    else into.set(prefix + key, inner)
  }
  return into
}

/** What the run had come to after the checkpoint that was named must not be taken for what it comes to now. */
async function leaveOtherBranch(
  folder: RunFolder,
  own: readonly string[],
  { path, step }: Checkpoint & { path: string },
  warn: (message: string) => void,
): Promise<void> {
  const leave = async (file: string, why: 'later' | 'damaged') =>
    warn(`Going on from ${path}: the ${why} ${file} is now ${await putAside(file)}`)
  for (const file of own.filter((file) => stepOf(file) > step)) await leave(file, 'later')
  const encoder = await whyNotAt(step, folder.encoder)
  if (encoder !== null) {
    await leave(folder.encoder, encoder)
    if (await exists(folder.report)) await leave(folder.report, 'later')
  }
  const best = await whyNotAt(step, folder.best)
  if (best !== null) await leave(folder.best, best)
}

/** Why the encoder in `file`, if there is one, is not of a run that has done `step` steps; null where it is, by its header. */
async function whyNotAt(step: number, file: string): Promise<'later' | 'damaged' | null> {
  if (!(await exists(file))) return null
  try {
    const { metadata } = await readSafetensorsHeader(file)
    return Number(metadata.step) <= step ? null : 'later' // or nobody knows of when
  } catch (error) {
    if (error instanceof SimclrError && error.code === 'ERR_SIMCLR_CORRUPT_FILE') return 'damaged'
    throw error
  }
}

/** A folder that holds a run has no room for what goes on from another's checkpoint. */
async function refuseToMix(
  { path, encoder }: RunFolder,
  own: readonly string[],
  from: string,
): Promise<void> {
  if (own.length === 0 && !(await exists(encoder))) return
  throw new SimclrError(
    'ERR_SIMCLR_STATE',
    `Expected a folder without a run for what goes on from ${from} but ${path} holds one. Choose another \`out\`, or leave \`resume\` out to go on with the run that is there.`,
  )
}

/** Without a checkpoint a run begins anew: not where that would replace an encoder that is there. */
async function refuseToOverwrite({ path, checkpoints, encoder }: RunFolder): Promise<void> {
  if (!(await exists(encoder))) return
  throw new SimclrError(
    'ERR_SIMCLR_STATE',
    `Expected a checkpoint in ${checkpoints} to go on with the run of ${path} but there is none, and a new run would overwrite ${encoder}. Choose another \`out\`, or move that file away.`,
  )
}

async function holdsRun(folder: RunFolder): Promise<boolean> {
  const results = [configPath(folder.path), folder.encoder]
  const there = await Promise.all(results.map(exists))
  return there.includes(true) || (await listCheckpoints(folder.checkpoints)).length > 0
}
