/**
 * Checkpoints: everything a run needs to go on bit by bit where it was. Weights, buffers and momentum are
 * tensors; step, configuration and the number of images are metadata. Schedule, order and randomness need no
 * state of their own: they are functions of the configuration and the step.
 */
import { readdir, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { SimclrError } from '../addon/errors.ts'
import type { NativeTensor } from '../addon/interface.ts'
import type { ResolvedConfig } from '../config/resolved.ts'
import { exists } from '../io/exists.ts'
import { readSafetensors, writeSafetensors } from '../io/safetensors.ts'
import { checksum, isIntact } from './checksum.ts'

export interface Checkpoint {
  /** Steps done. */
  step: number
  /** Images in the set. */
  images: number
  /** Whether they were decoded when needed instead of kept in memory; null in older checkpoints. */
  isStreamed: boolean | null
  /** Of the set (data/fingerprint.ts); older checkpoints have none. */
  fingerprint: string | null
  /** Of the set; null where it has none, and in older checkpoints. */
  classNames: readonly string[] | null
  /** Checksum of the weights learnt from; null without a teacher. */
  teacher: string | null
  config: ResolvedConfig
  tensors: NativeTensor[]
}

/** Where a run's folder has them. */
export const checkpointsPath = (folder: string): string => join(folder, 'checkpoints')

/** What a checkpoint's metadata call it. */
export const checkpointFormat = 'simclr-checkpoint'
/** Raised when older code can no longer read what newer code writes. */
const version = 1
const namePattern = /^step-(\d+)\.safetensors$/

/** Writes `checkpoint` into `folder`, whole or not at all; returns its path. */
export async function writeCheckpoint(folder: string, checkpoint: Checkpoint): Promise<string> {
  const path = join(folder, `step-${String(checkpoint.step).padStart(8, '0')}.safetensors`)
  const metadata: Record<string, string> = {
    format: checkpointFormat,
    version: String(version),
    step: String(checkpoint.step),
    images: String(checkpoint.images),
    ...(checkpoint.isStreamed === null ? {} : { streamed: String(checkpoint.isStreamed) }),
    ...(checkpoint.fingerprint === null ? {} : { fingerprint: checkpoint.fingerprint }),
    ...(checkpoint.classNames === null ? {} : { classes: JSON.stringify(checkpoint.classNames) }),
    ...(checkpoint.teacher === null ? {} : { teacher: checkpoint.teacher }),
    config: JSON.stringify(checkpoint.config),
  }
  metadata.sha256 = await checksum(checkpoint.tensors, metadata)
  try {
    // A file of this name that could not be read is never overwritten.
    if (await exists(path)) await putAside(path)
    await writeSafetensors(path, checkpoint.tensors, metadata)
  } catch (error) {
    throw new SimclrError(
      'ERR_SIMCLR_IO',
      `Could not write ${path}: ${(error as Error).message}. Earlier checkpoints are untouched; free space or mend the folder, then resume.`,
      { cause: error },
    )
  }
  return path
}

/** Reads and verifies one. Throws ERR_SIMCLR_CHECKPOINT or ERR_SIMCLR_CORRUPT_FILE, naming the path. */
export async function readCheckpoint(path: string): Promise<Checkpoint> {
  return await checkpointOf(path, await readSafetensors(path))
}

/** Verifies one that has been read. Throws as `readCheckpoint` does. */
export async function checkpointOf(
  path: string,
  { tensors, metadata }: Awaited<ReturnType<typeof readSafetensors>>,
): Promise<Checkpoint> {
  const refuse = (message: string) => new SimclrError('ERR_SIMCLR_CHECKPOINT', message)
  if (metadata.format !== checkpointFormat) {
    throw refuse(`Expected a checkpoint of simclr but ${path} is another safetensors file.`)
  }
  if (Number(metadata.version) > version) {
    throw refuse(
      `Expected a checkpoint of format ${version} or older but ${path} has format ${metadata.version}. Update simclr to read it.`,
    )
  }
  if (!(await isIntact(tensors, metadata))) {
    throw new SimclrError(
      'ERR_SIMCLR_CORRUPT_FILE',
      `Expected the checksum written into ${path} but its contents have another: the file is damaged.`,
    )
  }
  return {
    step: Number(metadata.step),
    images: Number(metadata.images),
    isStreamed: metadata.streamed === undefined ? null : metadata.streamed === 'true',
    fingerprint: metadata.fingerprint ?? null,
    classNames: metadata.classes === undefined ? null : (JSON.parse(metadata.classes) as string[]),
    teacher: metadata.teacher ?? null,
    config: JSON.parse(metadata.config!) as ResolvedConfig,
    tensors,
  }
}

/** Paths of the checkpoints in `folder`, newest first. */
export async function listCheckpoints(folder: string): Promise<string[]> {
  const names = (await exists(folder)) ? await readdir(folder) : []
  return names
    .filter((name) => namePattern.test(name))
    .sort((a, b) => stepOf(b) - stepOf(a))
    .map((name) => join(folder, name))
}

/**
 * The newest checkpoint that can be read; null where there is none at all. `onUnusable` is told about each
 * that cannot. Throws ERR_SIMCLR_CHECKPOINT if there are some and none can be read: starting over is the
 * user's decision.
 */
export async function newestCheckpoint(
  folder: string,
  onUnusable: (path: string, reason: Error) => void,
): Promise<(Checkpoint & { path: string }) | null> {
  const paths = await listCheckpoints(folder)
  let failure: unknown
  for (const path of paths) {
    try {
      return { ...(await readCheckpoint(path)), path }
    } catch (error) {
      failure ??= error
      onUnusable(path, error as Error)
    }
  }
  if (paths.length === 0) return null
  throw new SimclrError(
    'ERR_SIMCLR_CHECKPOINT',
    `Expected a usable checkpoint in ${folder} but none of ${paths.length} can be read. Nothing was deleted; start in another folder. ${(failure as Error).message}`,
    { cause: failure },
  )
}

/** Removes all but the newest `keep` of the given checkpoints of a run. Returns those kept. */
export async function pruneCheckpoints(paths: readonly string[], keep: number): Promise<string[]> {
  const newestFirst = [...paths].sort((a, b) => stepOf(b) - stepOf(a))
  await Promise.all(newestFirst.slice(keep).map((path) => rm(path, { force: true })))
  return newestFirst.slice(0, keep)
}

/** Steps done, by a checkpoint's name. */
export function stepOf(path: string): number {
  return Number(namePattern.exec(basename(path))![1])
}

/** Renames a checkpoint so that no run takes it for its own; returns the new name. */
export async function putAside(path: string): Promise<string> {
  for (let i = 1; ; i++) {
    const name = `${path}.aside-${i}`
    if (await exists(name)) continue
    await rename(path, name)
    return name
  }
}
