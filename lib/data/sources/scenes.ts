/** `synthetic:scenes`: textured shapes, drawn natively from a seed (native/core/data/scenes.h). */
import { z } from 'zod'
import type { NativeImageStore } from '../../addon/interface.ts'
import { loadAddon } from '../../addon/load.ts'
import { expected, invalid } from '../../config/messages.ts'
import { integer, option } from '../../config/option.ts'
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

const options = z.strictObject({
  count: option(integer(1, 2 ** 32 - 1), { about: 'Number of images.', default: '10000' }),
  size: option(integer(8, 4096), { about: 'Height and width in pixels.', default: '32' }),
  seed: option(integer(0), { about: 'Another seed, other images.', default: '0' }),
})

/** `synthetic:scenes[,count=10000][,size=32][,seed=0]`. Image i has class i mod 10. */
export function openSynthetic(spec: Spec): NativeSource {
  if (spec.path !== 'scenes') {
    throw invalid(expected('scenes', 'synthetic:', spec.path, 'As in `synthetic:scenes,count=1000,size=32`.'))
  }
  const { count = 10_000, size = 32, seed = 0 } = specOptions(spec, options)
  let last: Promise<unknown> = Promise.resolve()
  let scratch: NativeImageStore | null = null
  const draw = async (index: number): Promise<RawImage> => {
    scratch ??= new (loadAddon().ImageStore)(count)
    await scratch.fillScenes({ seed, first: index, count: 1, size })
    const image = scratch.get(index)
    scratch.delete(index)
    return image
  }
  return {
    name: `scenes (seed ${seed})`,
    count,
    labels: Int32Array.from({ length: count }, (_, i) => i % classNames.length),
    classNames,
    imageSize: size,
    nameOf: (index) => `scene ${index}`,
    async fill(store, indices) {
      if (indices !== null) return false
      await store.fillScenes({ seed, first: 0, count, size })
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
