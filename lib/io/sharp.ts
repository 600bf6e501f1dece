/**
 * sharp, loaded when it is first asked for: that takes a tenth of a second, which training on a pack, on scenes or on
 * ordinary JPEG files need not wait for.
 */
import { createRequire } from 'node:module'
import { SimclrError } from '../addon/errors.ts'

const require = createRequire(import.meta.url)

/** The library, as `import sharp from 'sharp'` gives it. Throws ERR_SIMCLR_BINARY where it, or its binary, is missing. */
export function loadSharp(): typeof import('sharp').default {
  try {
    return require('sharp')
  } catch (cause) {
    const [first] = (cause as Error).message.split('\n')
    throw new SimclrError(
      'ERR_SIMCLR_BINARY',
      `Expected sharp, which decodes images, but it cannot be loaded: ${first}. Run \`npm install --include=optional sharp\`.`,
      { cause },
    )
  }
}
