/** Which images of one set another has, too: accuracy on images that were learnt from says little. */
import { createHash } from 'node:crypto'
import { formatCount } from '../format.ts'
import { Turn } from '../io/turn.ts'
import { type Images, inChunks, type SomeImages } from './images.ts'
import { evenly, sequence } from './indices.ts'
import type { RawImage } from './types.ts'

/** What two sets have in common. */
export interface SharedImages {
  /** Images of the one set that the other has, too: the same pixels, decoded. */
  count: number
  /** Of so many. */
  of: number
  /** All images were compared; else there may be more. */
  isComplete: boolean
}

/** All pixels are compared where they are so many bytes or less, which takes seconds. */
const mostBytes = 16e9
/** Images that are looked for where they are more. */
const looked = 64

/**
 * How many images of `test` are among those of `data`, pixel for pixel: never too many. Of sets that are decoded when they
 * are needed, or are very large, only some are looked for, under their names. Both have to be decoded for the same size of
 * views. Rejects with the signal's reason.
 */
export async function sharedImages(
  test: Images,
  data: Images,
  signal?: AbortSignal,
  most = mostBytes,
): Promise<SharedImages> {
  const isComplete = [test, data].every(
    ({ isStreamed, count, imageSize }) => !isStreamed && count * imageSize ** 2 * 3 <= most,
  )
  const likely = isComplete
    ? await ofOneMark({ test: allOf(test), data: allOf(data) }, glance, signal)
    : ofOneName(test, data)
  const same = await ofOneMark(likely, digest, signal)
  return { count: same.test.indices.length, of: test.count, isComplete }
}

/** Some images of each set. */
interface Compared {
  test: SomeImages
  data: SomeImages
}

/** A sentence about the images of `test` that are also `learnt`, "trained on"; null where none is known to be. */
export function aboutShared(
  { count, of, isComplete }: SharedImages,
  test: string,
  learnt: string,
): string | null {
  if (count === 0) return null
  const some = `${isComplete ? '' : 'At least '}${formatCount(count)} of the ${formatCount(of)} images of ${test}`
  return `${some} ${count === 1 ? 'is' : 'are'} also ${learnt}, pixel for pixel: accuracy on what was learnt from says little. Take them out of one of the two sets.`
}

function allOf(images: Images): SomeImages {
  return { images, indices: sequence(images.count) }
}

/** Some images of `test`, and those of `data` that are called as they are. */
function ofOneName(test: Images, data: Images): Compared {
  const wanted = new Map(Array.from(evenly(test.count, looked), (index) => [test.nameOf(index), index]))
  const found: [number, number][] = []
  for (let index = 0; index < data.count && wanted.size > 0; index++) {
    const name = data.nameOf(index)
    const asked = wanted.get(name)
    if (asked === undefined) continue
    found.push([asked, index])
    wanted.delete(name)
  }
  return {
    test: { images: test, indices: Uint32Array.from(found, ([asked]) => asked) },
    data: { images: data, indices: Uint32Array.from(found, ([, index]) => index) },
  }
}

type Mark = (image: RawImage) => string

/** Those of each set whose mark one of the other has. */
async function ofOneMark(
  { test, data }: Compared,
  mark: Mark,
  signal: AbortSignal | undefined,
): Promise<Compared> {
  const asked = await marksOf(test, mark, signal)
  const others = await marksOf(data, mark, signal)
  const withMarkOf = (own: Map<number, string>, theirs: Map<number, string>) => {
    const known = new Set(theirs.values())
    return Uint32Array.from([...own].filter(([, of]) => known.has(of)).map(([index]) => index))
  }
  return {
    test: { images: test.images, indices: withMarkOf(asked, others) },
    data: { images: data.images, indices: withMarkOf(others, asked) },
  }
}

/** The marks of those images that can be used. */
async function marksOf(
  some: SomeImages,
  mark: Mark,
  signal: AbortSignal | undefined,
): Promise<Map<number, string>> {
  const marks = new Map<number, string>()
  const turn = new Turn()
  const look = async (held: Uint32Array) => {
    for (const index of held) {
      marks.set(index, mark(some.images.store.get(index)))
      if (!turn.isOver) continue
      await turn.next()
      signal?.throwIfAborted()
    }
  }
  await inChunks(some, look, signal)
  return marks
}

/** Some pixels, evenly spread: what tells most images apart at little cost. */
function glance({ data, width, height, channels }: RawImage): string {
  const bytes = Array.from(evenly(data.length, 64), (at) => data[at]!)
  return `${width}x${height}x${channels} ${String.fromCharCode(...bytes)}`
}

function digest({ data, width, height, channels }: RawImage): string {
  return createHash('sha256').update(`${width}x${height}x${channels}`).update(data).digest('base64')
}
