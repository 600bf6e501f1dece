/** The npm packages with binaries of their own. */
import { type Finding, ok, problem } from './finding.ts'

/** A one-pixel GIF: decoding it takes sharp's binary and libvips. */
const pixel = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64')

export async function packages(): Promise<Finding[]> {
  try {
    const { default: sharp } = await import('sharp')
    await sharp(pixel).raw().toBuffer()
    return [ok('sharp', `${sharp.versions.sharp}, libvips ${sharp.versions.vips}: decodes images`)]
  } catch (error) {
    const [first] = (error as Error).message.split('\n')
    return [problem('sharp', first!, 'npm install --include=optional sharp')]
  }
}
