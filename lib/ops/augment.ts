/** `ops.augment`. */
import { SimclrError } from '../addon/errors.ts'
import { loadAddon } from '../addon/load.ts'

/** Pixels [height, width, channels]: float32 with 1 as white, or 8-bit levels. */
export interface PixelImage {
  data: Float32Array | Uint8Array
  width: number
  height: number
  /** Default 3. */
  channels?: number
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
  const { channels = 3, ...rest } = image
  if (rest.data.length !== rest.width * rest.height * channels) {
    throw new SimclrError(
      'ERR_SIMCLR_INVALID_ARGUMENT',
      `Expected width x height x channels = ${rest.width * rest.height * channels} values for \`data\` but received ${rest.data.length}.`,
    )
  }
  return loadAddon().augmentOperator(name, { ...rest, channels }, parameters)
}
