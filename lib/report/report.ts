/** report.html: what a run did and what its encoder learnt, on one page that needs nothing else. */
import { join } from 'node:path'
import { SimclrError } from '../addon/errors.ts'
import { heard } from '../data/abort.ts'
import { type Images, readImages } from '../data/images.ts'
import { evenly } from '../data/indices.ts'
import { partOf } from '../data/select.ts'
import { Encoder } from '../encoder.ts'
import { embedImages } from '../evaluate/features.ts'
import { allFinite } from '../evaluate/probes.ts'
import { exists } from '../io/exists.ts'
import { checkOutput, writeOutput } from '../io/output.ts'
import type { RunConfig } from '../run/config-file.ts'
import { readConfig, reportPath } from '../run/folder.ts'
import { type Metric, readMetrics } from '../run/metrics.ts'
import { checkpointsPath, listCheckpoints } from '../weights/checkpoint.ts'
import { encoderPath } from '../weights/encoder-file.ts'
import { mapOf, smallestMap } from './map.ts'
import { nearestRows } from './neighbours.ts'
import { type ImageSections, page } from './page.ts'
import { thumbnails, viewSheet } from './pictures.ts'

/** Images that neighbours are looked for among, and that are on the map. */
const shown = 400
const thumbnailSize = 32
const sheetRows = 6
const queryCount = 8
const neighbourCount = 8

export interface ReportOptions {
  /** The run's images where they are in memory; otherwise they are read again, if the run's data have a name. */
  images?: Images
  /** Why the page is to be without images. */
  withoutImages?: string
  signal?: AbortSignal | undefined
}

/**
 * Writes report.html into a run folder and returns its path; where the images cannot be read again, the page says why. Throws
 * ERR_SIMCLR_IO.
 */
export async function writeReport(folder: string, options: ReportOptions = {}): Promise<string> {
  const path = reportPath(folder)
  const run = await readRun(folder)
  await checkOutput(path)
  await writeOutput(path, await renderRun(folder, run, options))
  return path
}

/** The page as text. */
export async function renderReport(folder: string, options: ReportOptions = {}): Promise<string> {
  return renderRun(folder, await readRun(folder), options)
}

async function renderRun(
  folder: string,
  { config, metrics }: Awaited<ReturnType<typeof readRun>>,
  options: ReportOptions,
): Promise<string> {
  return page({
    folder,
    config,
    metrics,
    images: await sectionsOrWhyNot(folder, config, options),
    live: false,
  })
}

async function sectionsOrWhyNot(
  folder: string,
  config: RunConfig,
  options: ReportOptions,
): Promise<ImageSections | string | null> {
  if (options.withoutImages !== undefined) return options.withoutImages
  const read = readSections(folder, config, options)
  return options.images ? read : orWhyNot(read, options.signal)
}

/** The sections, or why there are none: a run may have been copied to where its images are not, nor its device. */
export async function orWhyNot(
  sections: Promise<ImageSections | null>,
  signal?: AbortSignal,
): Promise<ImageSections | string | null> {
  try {
    return await sections
  } catch (error) {
    if (signal?.aborted || !(error instanceof SimclrError)) throw error
    return error.message
  }
}

/** What the page shows of the run's images; null where they were in memory. Errors: those of reading them and the encoder. */
export async function readSections(
  folder: string,
  config: RunConfig,
  { images: given, signal }: ReportOptions,
): Promise<ImageSections | null> {
  const images = given ?? (await readAgain(config, signal))
  if (images === null) return null
  try {
    // The run's own device may be of another machine.
    const device = given ? config.options.device : 'auto'
    return await imageSections(folder, config, images, { device, signal })
  } finally {
    if (images !== given) await images.dispose()
  }
}

/** Configuration and metrics of a run folder. Throws ERR_SIMCLR_IO where it is none. */
export async function readRun(folder: string): Promise<{ config: RunConfig; metrics: Metric[] }> {
  const config = await readConfig(folder)
  if (config === null) {
    throw new SimclrError(
      'ERR_SIMCLR_IO',
      `Expected a run folder but ${folder} has no config.json. Name the \`out\` of a run.`,
    )
  }
  return { config, metrics: await readMetrics(join(folder, 'metrics.jsonl')) }
}

/** Null where the run had a source in memory. */
async function readAgain({ options }: RunConfig, signal: AbortSignal | undefined): Promise<Images | null> {
  const { data, imageSize, maxSkipped } = options
  if (data === undefined) return null
  const limit = Math.min(options.limit ?? shown, shown)
  return readImages(data, { imageSize, ...partOf(options), limit, maxSkipped, signal })
}

async function imageSections(
  folder: string,
  config: RunConfig,
  images: Images,
  { device, signal }: { device: string; signal: AbortSignal | undefined },
): Promise<ImageSections> {
  const chosen = evenly(images.count, shown)
  const first = evenly(images.count, sheetRows)
  await heard(images.hold(chosen), signal)
  await heard(images.hold(first), signal)
  // What stands in for an image that cannot be used is another row's image already.
  const own = (indices: Uint32Array) => indices.filter((index) => images.isOwn(index))
  try {
    const held = { chosen: own(chosen), first: own(first) }
    return await heldSections(folder, config, images, { ...held, device, signal })
  } finally {
    images.free(chosen)
    images.free(first)
  }
}

async function heldSections(
  folder: string,
  { options }: RunConfig,
  images: Images,
  {
    chosen,
    first,
    device,
    signal,
  }: { chosen: Uint32Array; first: Uint32Array; device: string; signal: AbortSignal | undefined },
): Promise<ImageSections> {
  const queries = [...evenly(chosen.length, queryCount)]
  const sections: ImageSections = {
    thumbnails: await thumbnails(images, chosen, thumbnailSize),
    classes: Array.from(chosen, (index) => images.classNames?.[images.labels?.[index] ?? -1] ?? null),
    sheet: await viewSheet(images, first, options),
    queries,
    before: null,
    after: null,
    map: null,
  }
  if (!(await hasEncoder(folder))) return sections
  const { seed } = options
  using trained = await Encoder.load(folder, { device })
  using random = await Encoder.random(trained.spec, trained.preprocessing, { seed, device })
  const features = async (encoder: Encoder) => ({
    data: (await embedImages(encoder, { images, indices: chosen }, signal)).data,
    rows: chosen.length,
  })
  const learnt = await features(trained)
  // Of a run that has diverged.
  if (!allFinite(learnt.data)) return sections
  sections.before = await nearestRows(await features(random), queries, neighbourCount)
  signal?.throwIfAborted()
  sections.after = await nearestRows(learnt, queries, neighbourCount)
  if (chosen.length >= smallestMap) sections.map = await mapOf(learnt, signal)
  return sections
}

/** A run that is under way has one in its checkpoints, as soon as there is a first. */
async function hasEncoder(folder: string): Promise<boolean> {
  if (await exists(encoderPath(folder))) return true
  return (await listCheckpoints(checkpointsPath(folder))).length > 0
}
