/** Pictures inside the page, as data URIs. */
import sharp from 'sharp'
import type { RawImage } from '../addon/interface.ts'
import { lower, simclrFamily } from '../augment/index.ts'
import { contactSheet } from '../augment/sheet.ts'
import type { ResolvedConfig } from '../config/resolved.ts'
import type { Images } from '../data/images.ts'

/** A grid of pictures of one size in one file. */
export interface Sheet {
  uri: string
  /** Pictures a row, and rows. */
  columns: number
  rows: number
}

/** One small picture of each image, centre cut square. */
export async function thumbnails(images: Images, indices: Uint32Array, size: number): Promise<Sheet> {
  const cells = await Promise.all(Array.from(indices, (index) => squared(images.store.get(index), size)))
  return sheet(cells, size, Math.min(cells.length, 32))
}

/** A contact sheet: a row an image, the image itself and then views as training makes them. */
export async function viewSheet(
  images: Images,
  indices: Uint32Array,
  config: ResolvedConfig,
): Promise<string> {
  const { seed, threads, imageSize, augment } = config
  const plan = lower(simclrFamily(augment), imageSize)
  const png = await contactSheet(images.store, indices, plan, { views: 8, seed, epoch: 0, threads })
  const width = 1800
  const image = sharp(png).resize({ width, withoutEnlargement: true })
  // Photographs are several times smaller as JPEG; small pictures would show its blocks.
  if (imageSize <= 64) return uriOf('png', await image.png().toBuffer())
  return uriOf('jpeg', await image.jpeg({ quality: 85 }).toBuffer())
}

/** RGB, `size` x `size`. */
async function squared({ data, width, height, channels }: RawImage, size: number): Promise<Uint8Array> {
  return sharp(data, { raw: { width, height, channels } })
    .removeAlpha()
    .resize(size, size, { fit: 'cover' })
    .toColourspace('srgb')
    .raw()
    .toBuffer()
}

async function sheet(cells: readonly Uint8Array[], size: number, columns: number): Promise<Sheet> {
  const rows = Math.ceil(cells.length / columns)
  const stride = columns * size * 3
  const pixels = new Uint8Array(rows * size * stride)
  for (const [i, cell] of cells.entries()) {
    const corner = Math.floor(i / columns) * size * stride + (i % columns) * size * 3
    for (let y = 0; y < size; y++) {
      pixels.set(cell.subarray(y * size * 3, (y + 1) * size * 3), corner + y * stride)
    }
  }
  const image = sharp(pixels, { raw: { width: columns * size, height: rows * size, channels: 3 } })
  return { uri: uriOf('png', await image.png().toBuffer()), columns, rows }
}

function uriOf(kind: 'png' | 'jpeg', bytes: Buffer): string {
  return `data:image/${kind};base64,${bytes.toString('base64')}`
}
