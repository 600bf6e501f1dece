/** Images of a call, decoded into a store. */
import { availableParallelism } from 'node:os'
import { pMapSettled } from 'p-map'
import { SimclrError } from '../addon/errors.ts'
import type { NativeImageStore } from '../addon/interface.ts'
import { decodeImage, defaultMaxPixels } from './decode.ts'
import type { PlainInput } from './input.ts'
import { UnusableImage } from './types.ts'

export interface FillOptions {
  /** Larger images are shrunk to it, pixels. */
  shorterSide: number
  /** Which of the call's images the first is. */
  first: number
  /** Lets no further image be decoded. */
  signal: AbortSignal | undefined
}

/**
 * Decodes each of `images` into its slot. All are tried, so that one error tells of all: ERR_SIMCLR_DATA, whose
 * `unusable` they are. Rejects with the signal's reason where it is aborted.
 */
export async function fillStore(
  store: NativeImageStore,
  images: readonly PlainInput[],
  { shorterSide, first, signal }: FillOptions,
): Promise<void> {
  const decode = async (input: PlainInput, i: number) => {
    if (!signal?.aborted) store.set(i, await decodeImage(input, { shorterSide, maxPixels: defaultMaxPixels }))
  }
  // As many at once as compute: each may be a file of any size.
  const results = await pMapSettled(images, decode, { concurrency: availableParallelism() })
  signal?.throwIfAborted()
  const failures = results.flatMap((r, i) => (r.status === 'rejected' ? [{ i, error: r.reason }] : []))
  const [worst = null] = failures.filter(({ error }) => !(error instanceof UnusableImage))
  if (worst !== null) throw worst.error
  const unusable = failures.map(({ i, error }) => {
    return { index: first + i, reason: `${error.reason}: ${error.message}` }
  })
  const [one, ...others] = unusable
  if (one === undefined) return
  const input = images[one.index - first]
  const name = typeof input === 'string' ? input : `image ${one.index}`
  const more = others.length > 0 ? ` (and ${others.length} more cannot be used)` : ''
  const message = `Expected an image but ${name} is ${one.reason}${more}. Leave it out or mend it.`
  throw new SimclrError('ERR_SIMCLR_DATA', message, { cause: failures[0]?.error, unusable })
}
