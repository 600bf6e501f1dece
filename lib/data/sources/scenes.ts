/** `synthetic:scenes`: textured shapes, drawn natively from a seed (native/core/data/scenes.h). */
import { z } from 'zod'
import type { NativeImageStore } from '../../addon/interface.ts'
import { loadAddon } from '../../addon/load.ts'
import { expected, invalid } from '../../config/messages.ts'
import { choice, integer, option } from '../../config/option.ts'
import { type Spec, specOptions } from '../spec.ts'
import type { NativeSource } from '../store.ts'
import type { RawImage } from '../types.ts'

/** In the order of native/core/data/scenes.h. */
const classNames = [
  'striped disc',
  'dotted square',
  'checked triangle',
  'banded star',
  'plain ring',
  'gridded cross',
  'wavy crescent',
  'speckled heart',
  'spoked hexagon',
  'shaded bar',
]

const splits = ['train', 'test', 'all'] as const

/** What `npm start` trains on, and the scenes that it holds out: the first four fifths of 10,000, and the rest. */
export const sampleTrain = 'synthetic:scenes,split=train'
export const sampleTest = 'synthetic:scenes,split=test'

const options = z.strictObject({
  split: option(choice(splits), { about: 'The first four fifths, the last fifth, or all.', default: 'all' }),
  count: option(integer(1, 2 ** 32 - 1), { about: 'Number of images.', default: '10000' }),
  size: option(integer(8, 4096), { about: 'Height and width in pixels.', default: '32' }),
  seed: option(integer(0), { about: 'Another seed, other images.', default: '0' }),
})

/**
 * `synthetic:scenes[,split=all][,count=10000][,size=32][,seed=0]`. Scene i has class i mod 10; `count` is that of all
 * scenes, before the split.
 */
export function openSynthetic(spec: Spec): NativeSource {
  if (spec.path !== 'scenes') {
    throw invalid(expected('scenes', 'synthetic:', spec.path, 'As in `synthetic:scenes,count=1000,size=32`.'))
  }
  const { split = 'all', count: total = 10_000, size = 32, seed = 0 } = specOptions(spec, options)
  const held = split === 'all' ? 0 : Math.floor(total / 5)
  const first = split === 'test' ? total - held : 0
  const count = split === 'test' ? held : total - held
  if (count === 0) {
    throw invalid(
      expected('at least 5', 'count', total, 'A fifth of the scenes is held out as the test split.'),
    )
  }
  let last: Promise<unknown> = Promise.resolve()
  let scratch: NativeImageStore | null = null
  const draw = async (index: number): Promise<RawImage> => {
    scratch ??= new (loadAddon().ImageStore)(count)
    await scratch.fillScenes({ seed, first: index, count: 1, size, scene: first + index })
    const image = scratch.get(index)
    scratch.delete(index)
    return image
  }
  return {
    name: `synthetic:scenes (${split}, seed ${seed})`,
    count,
    labels: Int32Array.from({ length: count }, (_, i) => (first + i) % classNames.length),
    classNames,
    imageSize: size,
    nameOf: (index) => `scene ${first + index}`,
    async fill(store, indices) {
      if (indices !== null) return false
      await store.fillScenes({ seed, first: 0, count, size, scene: first })
      return true
    },
    read(index) {
      // One after the other: a store draws one lot of scenes at a time.
      const image = last.then(() => draw(index))
      last = image.catch(() => {})
      return image
    },
    close: () => scratch?.dispose(),
  }
}
