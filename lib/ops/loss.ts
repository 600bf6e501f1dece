/** `ops.ntXent`. */
import { z as schema } from 'zod'
import type { Convention, NtXentResult } from '../addon/interface.ts'
import { loadAddon } from '../addon/load.ts'
import { conventions } from '../config/groups.ts'
import { validate } from '../config/messages.ts'
import { choice, integer, option, positive, required, yesNo } from '../config/option.ts'
import { checkArray, floats, rowsOf } from './arrays.ts'

export type { NtXentResult } from '../addon/interface.ts'

export interface NtXentOptions {
  /** Length of a row. */
  dim: number
  /** τ > 0. Default 0.1. */
  temperature?: number
  /**
   * `paper` (default): twice the mean over all rows, with two views the sum of both directions' mean cross entropies, as
   * google-research/simclr trains with; `torch`: the mean over all rows.
   */
  convention?: Convention
  /** Rows are first divided by their Euclidean norm. Default true. */
  normalize?: boolean
  /** Views of each image, V ≥ 2. Default 2. */
  views?: number
}

const ntXentOptions = schema.strictObject({
  dim: required(integer(1), { about: 'Length of a row.' }),
  temperature: option(positive(), { about: 'Divides similarities.', default: '0.1' }),
  convention: option(choice(conventions), { about: 'Scale of the loss.', default: 'paper' }),
  normalize: option(yesNo(), { about: 'Rows are divided by their norm.', default: 'true' }),
  views: option(integer(2), { about: 'Views of each image.', default: '2' }),
})

/**
 * NT-Xent, the normalised temperature-scaled cross entropy (Chen et al. 2020, equation 1), with its gradient. With more
 * than two views: the mean of the two-view cross entropy over a row's V - 1 partners, each against all views of all
 * other images (geometric poly-view, Shidani et al. 2024).
 *
 * @param z [V·B, dim]: first views of all B images, then their second views in the same order, and so on. Float32Array is
 *   computed in float32, Float64Array in float64.
 * @returns the loss; `gradient`, d loss / d z of z's shape; `contrastiveAccuracy`, the share of first views
 *   whose most similar second view is their own; `entropy` of the first views' softmax over second views, nats.
 * @throws SimclrError ERR_SIMCLR_INVALID_ARGUMENT
 */
export function ntXent(z: Float32Array | Float64Array, options: NtXentOptions): NtXentResult {
  const {
    dim,
    temperature = 0.1,
    convention = 'paper',
    normalize = true,
    views = 2,
  } = validate(ntXentOptions, options)
  checkArray(z, 'z', floats)
  rowsOf(z, views * dim, 'z', `\`dim\` numbers of each of ${views} views`)
  return loadAddon().ntXent(z, { dim, temperature, scale: convention === 'paper' ? 2 : 1, normalize, views })
}
