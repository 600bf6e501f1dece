/** `ops.augment`. */
import { loadAddon } from '../addon/load.ts'
import { expected, invalid } from '../config/messages.ts'
import { checkArray } from './arrays.ts'

/** Pixels [height, width, channels]: float32 with 1 as white, or 8-bit levels. */
export interface PixelImage {
  data: Float32Array | Uint8Array
  width: number
  height: number
  /** Default 3. */
  channels?: number | undefined
}

/**
 * One augmentation operator with given parameters, in the original's arithmetic (tf2/data_util.py) or
 * torchvision's: `paper.hue` {delta}, `torch.gaussian_blur` {kernel, sigma}, … An unknown name is answered
 * with all names there are.
 *
 * @example
 * ops.augment('paper.brightness_v2', { data: new Float32Array(12), width: 2, height: 2 }, { factor: 1.4 })
 */
export function augment(
  name: string,
  image: PixelImage,
  parameters: Record<string, number | string | boolean | number[] | string[]> = {},
): { data: Float32Array | Uint8Array; width: number; height: number } {
  if (typeof name !== 'string')
    throw invalid(expected("an operator's name", 'name', name, 'As in `paper.flip`.'))
  const { data, width, height, channels = 3 } = image ?? {}
  checkArray(data, 'image.data', [Float32Array, Uint8Array])
  for (const [key, size] of Object.entries({ width, height, channels })) {
    if (Number.isSafeInteger(size) && size > 0) continue
    throw invalid(
      expected('an integer of at least 1', `image.${key}`, size, 'Pixels are [height, width, channels].'),
    )
  }
  const values = width * height * channels
  if (data.length !== values) {
    const wanted = `width x height x channels = ${values} values`
    throw invalid(expected(wanted, 'image.data.length', data.length, 'Pixels are [height, width, channels].'))
  }
  return loadAddon().augmentOperator(name, { data, width, height, channels }, parameters)
}
