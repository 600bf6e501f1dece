/**
 * sharp, loaded when it is first asked for: that takes a tenth of a second, which training on a pack, on scenes or on
 * ordinary JPEG files need not wait for.
 */
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)

/** The library, as `import sharp from 'sharp'` gives it. */
export function loadSharp(): typeof import('sharp').default {
  return require('sharp')
}
