/** `ops.ntXent`. */
import { z as schema } from 'zod'
import type { NtXentResult } from '../addon/interface.ts'
import { loadAddon } from '../addon/load.ts'
import { conventions } from '../config/groups.ts'
import { validate } from '../config/messages.ts'
import { choice, integer, option, positive, required, yesNo } from '../config/option.ts'
import type { Must, Same } from '../config/same.ts'
import { checkArray, floats, rowsOf } from './arrays.ts'
import type { NtXentOptions } from './types.ts'

export type { NtXentOptions, NtXentResult }

const defaults = { temperature: 0.1, convention: 'paper', normalize: true, views: 2 } as const

export const ntXentOptions = schema.strictObject({
  dim: required(integer(1), { about: 'Length of a row.' }),
  temperature: option(positive(), {
    about: 'τ: similarities are divided by it.',
    default: String(defaults.temperature),
  }),
  convention: option(choice(conventions), {
    about:
      "'paper': twice the mean over all rows, with two views the sum of both directions' mean cross entropies, as google-research/simclr trains with; 'torch': the mean over all rows.",
    default: defaults.convention,
  }),
  normalize: option(yesNo(), {
    about: 'Rows are first divided by their Euclidean norm.',
    default: String(defaults.normalize),
  }),
  views: option(integer(2), { about: 'Views of each image, V.', default: String(defaults.views) }),
})
type _Options = Must<Same<NtXentOptions, schema.input<typeof ntXentOptions>>>

/**
 * NT-Xent, the normalised temperature-scaled cross entropy (Chen et al. 2020, equation 1), with its gradient. With more
 * than two views: the mean of the two-view cross entropy over a row's V - 1 partners, each against all views of all
 * other images (geometric poly-view, Shidani et al. 2024).
 *
 * @param z [V·B, dim]: first views of all B images, then their second views in the same order, and so on. Float32Array is
 *   computed in float32, Float64Array in float64.
 * @returns the loss, its gradient, and what the first views' similarities say.
 * @throws SimclrError ERR_SIMCLR_INVALID_ARGUMENT
 */
export function ntXent(z: Float32Array | Float64Array, options: NtXentOptions): NtXentResult {
  const {
    dim,
    temperature = defaults.temperature,
    convention = defaults.convention,
    normalize = defaults.normalize,
    views = defaults.views,
  } = validate(ntXentOptions, options)
  checkArray(z, 'z', floats)
  rowsOf(z, views * dim, 'z', `\`dim\` numbers of each of ${views} views`)
  return loadAddon().ntXent(z, { dim, temperature, scale: convention === 'paper' ? 2 : 1, normalize, views })
}
