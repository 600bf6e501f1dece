/** From whatever names data to an opened set: `open('./photos')`, `open('cifar10:data')`, `open([buffer, 'a.jpg'])`. */
import type { Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { z } from 'zod'
import { SimclrError } from '../addon/errors.ts'
import { expected, invalid, validate } from '../config/messages.ts'
import { integer, nullOr, option, real, share } from '../config/option.ts'
import { readBytesOf } from '../io/read.ts'
import { Dataset } from './dataset.ts'
import { defaultMaxPixels } from './decode.ts'
import { isPack } from './pack-format.ts'
import { type SelectOptions, select } from './select.ts'
import { sniff } from './sniff.ts'
import { openCifar10, openCifar100 } from './sources/cifar.ts'
import { openFashionMnist } from './sources/fashion-mnist.ts'
import { openFolder } from './sources/folder.ts'
import { absoluteIdx, openIdx } from './sources/idx.ts'
import { openList } from './sources/list.ts'
import { type ImageArray, imageArraySource, type PixelArray, pixelArraySource } from './sources/memory.ts'
import { openPack } from './sources/pack.ts'
import { openSynthetic, sampleTrain } from './sources/scenes.ts'
import { openStl10 } from './sources/stl10.ts'
import { openTar } from './sources/tar.ts'
import { absoluteShards, openWebDataset } from './sources/webdataset.ts'
import { type Grammar, parseSpec, type Spec } from './spec.ts'
import type { ImageInput, ImageSource } from './types.ts'

/** What can be opened: a path or `kind:path`, images in memory, a source of one's own. */
export type DataInput = string | readonly ImageInput[] | ImageArray | PixelArray | ImageSource

export interface OpenOptions extends SelectOptions {
  /**
   * Larger images are shrunk while they are decoded until their shorter side has so many pixels; twice what the
   * crops need loses nothing that can be seen. null: keep every pixel. Default 448.
   */
  shorterSide?: number | null | undefined
  /** Images of more pixels are refused. Default 100 million. */
  maxPixels?: number | undefined
  /** Share of the images that may turn out unusable before it is an error. Default 0.1. */
  maxSkipped?: number | undefined
}

const openOptions = z.strictObject({
  limit: option(integer(1), { about: 'Uses so many images, a fixed choice.', default: 'all' }),
  limitPerClass: option(integer(1), {
    about: 'Uses so many images of each class.',
    default: 'all',
  }),
  labelFraction: option(share(), { about: 'Uses this share of the labelled images.', default: 'all' }),
  limitSeed: option(integer(0, 0xffff_ffff), {
    about: 'Draws the images of the limits.',
    default: 'a fixed choice',
  }),
  classNames: option(
    { schema: z.array(z.string()).min(1).readonly(), expected: 'an array of class names', kind: 'value' },
    { about: 'Classes in this order.', default: 'as found' },
  ),
  shorterSide: option(nullOr(integer(8)), { about: 'Larger images are shrunk to it.', default: '448' }),
  maxPixels: option(integer(1), { about: 'Larger images are refused.', default: String(defaultMaxPixels) }),
  maxSkipped: option(real(0, 1), { about: 'Share of images that may be unusable.', default: '0.1' }),
})

interface Kind extends Grammar {
  open(spec: Spec): ImageSource | Promise<ImageSource>
}

const isNoPath = (name: string) => name

/** Every `kind:` there is. */
export const kinds: Readonly<Record<string, Kind>> = {
  synthetic: {
    usage: 'synthetic:scenes[,split=train|test|all][,count=N][,size=PIXELS][,seed=N]',
    hasOptions: true,
    absolute: isNoPath,
    open: openSynthetic,
  },
  'fashion-mnist': {
    usage: 'fashion-mnist[:train|test|all]',
    standsAlone: true,
    absolute: isNoPath,
    open: openFashionMnist,
  },
  folder: { usage: 'folder:DIR', open: (spec) => openFolder(spec.path) },
  list: { usage: 'list:FILE', open: (spec) => openList(spec.path) },
  cifar10: {
    usage: 'cifar10:DIR[,split=train|test|all]',
    hasOptions: true,
    open: openCifar10,
  },
  cifar100: {
    usage: 'cifar100:DIR[,split=train|test|all][,labels=fine|coarse]',
    hasOptions: true,
    open: openCifar100,
  },
  stl10: {
    usage: 'stl10:DIR[,split=train|test|unlabeled|train+unlabeled]',
    hasOptions: true,
    open: openStl10,
  },
  idx: { usage: 'idx:IMAGES[,LABELS]', absolute: absoluteIdx, open: openIdx },
  tar: { usage: 'tar:FILE', open: openTar },
  webdataset: { usage: 'webdataset:GLOB', absolute: absoluteShards, open: openWebDataset },
  pack: { usage: 'pack:FILE', open: openPack },
}

/**
 * Opens a set of images; nothing is decoded yet. `data` left out is what `npm start` trains on: 8,000
 * synthetic scenes. Errors: ERR_SIMCLR_INVALID_ARGUMENT, ERR_SIMCLR_DATA, ERR_SIMCLR_CORRUPT_FILE.
 */
export async function open(data: DataInput = sampleTrain, options: OpenOptions = {}): Promise<Dataset> {
  const {
    shorterSide = 448,
    maxPixels = defaultMaxPixels,
    maxSkipped = 0.1,
    ...selection
  } = validate(openOptions, options)
  const source = await sourceOf(data)
  try {
    return new Dataset(source, select(source, selection), { shorterSide, maxPixels, maxSkipped })
  } catch (error) {
    await Promise.resolve(source)
      .then((opened) => opened.close?.())
      .catch(() => {}) // what went wrong first is told
    throw error
  }
}

/** What reads the images of `data`. */
export async function sourceOf(data: DataInput): Promise<ImageSource> {
  if (typeof data === 'string') return named(data)
  if (Array.isArray(data)) return imageArraySource({ images: data })
  if (typeof data === 'object' && data !== null) {
    const forms = ['images', 'pixels', 'read', 'stream'].filter((key) => key in data)
    if (forms.length > 1 && forms.join() !== 'read,stream') {
      const advice = 'Leave the others out: each alone says where the images are.'
      throw invalid(expected('one of `images`, `pixels` and `read`', 'data', forms, advice))
    }
    if ('images' in data) return imageArraySource(data)
    if ('pixels' in data) return pixelArraySource(data)
    if ('count' in data && forms.length > 0) return checkSource(data)
  }
  throw invalid(expected('a path, images or a source', 'data', data, 'See docs/data.md.'))
}

async function named(text: string): Promise<ImageSource> {
  const spec = parseSpec(text, kinds)
  try {
    return await (spec ? kinds[spec.kind]!.open(spec) : openPath(text))
  } catch (error) {
    if (error instanceof SimclrError) throw error
    const { code, message } = error as NodeJS.ErrnoException
    if (code === undefined) throw error
    const what = code === 'ENOENT' ? 'there is no such file or folder' : message
    const advice = spec ? `Check the path: it is written ${kinds[spec.kind]!.usage}.` : 'Check the path.'
    throw new SimclrError('ERR_SIMCLR_DATA', `Expected images at ${text} but ${what}. ${advice}`, {
      cause: error,
    })
  }
}

/** A path without a kind: a folder, or a file that is told by its first bytes. */
async function openPath(path: string): Promise<ImageSource> {
  const about: Stats = await stat(path)
  if (about.isDirectory()) return openFolder(path)
  const head = await readBytesOf(path, 0, 512)
  const spec = { kind: '', path, options: {} }
  if (isPack(head)) return openPack(spec)
  // Before images: a tar begins with the name of its first file, which may begin as an image does.
  if (head.subarray(257, 262).toString('latin1') === 'ustar') return openTar(spec)
  if (sniff(head) !== null) return imageArraySource({ images: [path] })
  const unzipped = /\.(tar\.gz|tgz)$/i.test(path) ? openTar : openIdx
  if (head[0] === 0x1f && head[1] === 0x8b) return unzipped(spec)
  if (head[0] === 0 && head[1] === 0 && head[2] === 8) return openIdx(spec)
  if (about.size > 0 && !head.includes(0)) return openList(path)
  throw new SimclrError(
    'ERR_SIMCLR_DATA',
    `Expected a folder, an image, a pack, a tar, an IDX file or a list of paths but ${path} is none of them. Name its kind: ` +
      `${Object.keys(kinds).join(', ')}, as in \`tar:${path}\`.`,
  )
}

function checkSource(source: ImageSource): ImageSource {
  if (typeof source.name !== 'string') {
    throw invalid(expected('a string', 'name', source.name, 'Messages call the source so.'))
  }
  for (const key of ['read', 'stream', 'nameOf', 'close'] as const) {
    const given = source[key]
    if (given == null || typeof given === 'function') continue
    throw invalid(expected('a function', key, given, 'docs/data.md has an example of a source.'))
  }
  if (!source.read && !source.stream) {
    throw invalid(
      expected('a function', 'read', source.read, 'Or give `stream`, for what is read from front to back.'),
    )
  }
  if (!Number.isSafeInteger(source.count) || source.count < 1) {
    throw invalid(
      expected('an integer of at least 1', 'count', source.count, 'It is how many images the source has.'),
    )
  }
  return source
}
