/**
 * `webdataset:GLOB`: tar shards in which files of one name, up to its first dot, make one sample:
 * `0001.jpg`, `0001.cls` (https://github.com/webdataset/webdataset). The class is the number in `cls`.
 */
import { isAbsolute, join } from 'node:path'
import { expand } from 'brace-expansion'
import { glob, isDynamicPattern } from 'tinyglobby'
import { SimclrError } from '../../addon/errors.ts'
import { formatList } from '../../format.ts'
import { imageExtensions } from '../sniff.ts'
import type { Spec } from '../spec.ts'
import type { ImageSource, Skipped } from '../types.ts'
import { type ArchiveMember, Archives, type Place, placeOf } from './archive.ts'
import { TarNames, unreadable } from './tar-names.ts'

interface Sample {
  key: string
  image: Place | null
  label: number
}

/** Shards in the order of their names; `{000000..000146}` and `*` work. */
export async function openWebDataset(spec: Spec): Promise<ImageSource> {
  const shards = await findShards(spec.path)
  const archives = await Archives.open(shards)
  const samples: (Sample & { image: Place })[] = []
  const ignored: Skipped[] = []
  for await (const { image, ...rest } of grouped(archives, ignored))
    if (image) samples.push({ image, ...rest })
  if (samples.length === 0) {
    throw new SimclrError(
      'ERR_SIMCLR_DATA',
      `Expected samples with an image (jpg, png, webp, …) in ${spec.path} but the ${shards.length} shards have none.`,
    )
  }
  const labelled = samples.some((sample) => sample.label >= 0)
  return {
    name: spec.path,
    count: samples.length,
    labels: labelled ? samples.map((sample) => sample.label) : null,
    ignored,
    nameOf: (index) => samples[index]!.key,
    ...archives.reader(samples.map((sample) => sample.image)),
  }
}

/** The pattern made absolute, where no other characters of patterns come in by that. */
export function absoluteShards(pattern: string): string {
  const folder = process.cwd()
  return isAbsolute(pattern) || /[^\w\s/.:,=~#%^-]/u.test(folder) ? pattern : join(folder, pattern)
}

/** A shard that braces name must be there; `*` and its like take what there is. */
async function findShards(pattern: string): Promise<string[]> {
  const found = new Set<string>()
  const missing: string[] = []
  // tinyglobby has no ranges of numbers, hence the expansion first.
  for (const one of expand(pattern)) {
    const paths = await glob(one, { expandDirectories: false })
    if (paths.length === 0 && !isDynamicPattern(one)) missing.push(one)
    for (const path of paths) found.add(path)
  }
  if (found.size === 0) {
    throw new SimclrError(
      'ERR_SIMCLR_DATA',
      `Expected tar files behind \`webdataset:\` but nothing matches ${pattern}. Quote the pattern in a shell.`,
    )
  }
  if (missing.length === 0) return [...found].sort()
  throw new SimclrError(
    'ERR_SIMCLR_DATA',
    `Expected every shard of ${pattern} but ${missing.length} of them ${missing.length === 1 ? 'is' : 'are'} missing: ${formatList(missing, 5)}. ` +
      'Copy what is missing, or name only the shards that are there.',
  )
}

/** Samples as they follow each other; files of one sample lie side by side, and links behind what they lead to. */
async function* grouped(archives: Archives, ignored: Skipped[]): AsyncGenerator<Sample> {
  let sample: Sample = { key: '', image: null, label: -1 }
  let shard = 0
  let isPlain = false
  let named = 0
  let names = new TarNames()
  for await (const member of archives.members()) {
    const { name, kind, archive } = member
    if (archive !== named) {
      named = archive
      names = new TarNames()
    }
    // Read from front to back, nothing can be had twice.
    if (archives.isPlain) names.add(member)
    const place = kind === 'file' ? placeOf(member) : names.placeOf(name)
    const [, key, field] = /^((?:.*\/)?[^/.]+)\.([^/]+)$/.exec(name) ?? []
    if (key === undefined || field === undefined) continue
    if (sample.key !== key || shard !== archive) {
      yield sample
      shard = archive
      sample = { key, image: null, label: -1 }
      isPlain = false
    }
    // `1.jpg` rather than `1.depth.png`, in whatever order they lie.
    const isBetter = sample.image === null || (!isPlain && !field.includes('.'))
    if (isBetter && imageExtensions.test(`.${field}`)) {
      if (place === null) ignored.push(unreadable(member))
      else {
        sample.image = place
        isPlain = !field.includes('.')
      }
    }
    if (field !== 'cls') continue
    if (place === null) throw unreadableClass(member)
    const contents = kind === 'file' ? await member.contents() : await archives.read(place)
    sample.label = readClass(name, contents)
  }
  yield sample
}

function unreadableClass(member: ArchiveMember): SimclrError {
  const { name, detail } = unreadable(member)
  return new SimclrError('ERR_SIMCLR_DATA', `Expected a class number in ${name} but it is ${detail}.`)
}

function readClass(name: string, contents: Uint8Array): number {
  const text = Buffer.from(contents).toString('utf8').trim()
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new SimclrError(
    'ERR_SIMCLR_DATA',
    `Expected a class number in ${name} but it holds ${JSON.stringify(text.slice(0, 40))}.`,
  )
}
