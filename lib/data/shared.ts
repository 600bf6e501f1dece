/** Which images of one set another has, too: accuracy on images that were learnt from says little. */
import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import { formatCount } from '../format.ts'
import { evenly, type Images, inChunks } from './images.ts'
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
    ? await ofOneMark(test, data, allOf(test, data), glance, signal)
    : ofOneName(test, data)
  const same = await ofOneMark(test, data, likely, digest, signal)
  return { count: same.test.length, of: test.count, isComplete }
}

/** Images of each set, by index. */
interface Some {
  test: Uint32Array
  data: Uint32Array
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

function allOf(test: Images, data: Images): Some {
  return { test: evenly(test.count, test.count), data: evenly(data.count, data.count) }
}

/** Some images of `test`, and those of `data` that are called as they are. */
function ofOneName(test: Images, data: Images): Some {
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
    test: Uint32Array.from(found, ([asked]) => asked),
    data: Uint32Array.from(found, ([, index]) => index),
  }
}

type Mark = (image: RawImage) => string

/** Those of each set whose mark one of the other has. */
async function ofOneMark(
  test: Images,
  data: Images,
  some: Some,
  mark: Mark,
  signal: AbortSignal | undefined,
): Promise<Some> {
  const asked = await marksOf(test, some.test, mark, signal)
  const others = await marksOf(data, some.data, mark, signal)
  const withMarkOf = (own: Map<number, string>, theirs: Map<number, string>) => {
    const known = new Set(theirs.values())
    return Uint32Array.from([...own].filter(([, of]) => known.has(of)).map(([index]) => index))
  }
  return { test: withMarkOf(asked, others), data: withMarkOf(others, asked) }
}

/** The marks of those images that can be used. */
async function marksOf(
  images: Images,
  indices: Uint32Array,
  mark: Mark,
  signal: AbortSignal | undefined,
): Promise<Map<number, string>> {
  const marks = new Map<number, string>()
  let turn = performance.now()
  const look = async (held: Uint32Array) => {
    for (const index of held) {
      marks.set(index, mark(images.store.get(index)))
      if (performance.now() - turn < 10) continue
      await setImmediate() // timers and sockets have their turn
      signal?.throwIfAborted()
      turn = performance.now()
    }
  }
  await inChunks(images, indices, look, signal)
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
