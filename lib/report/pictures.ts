/** Pictures inside the page, as data URIs. */
import sharp from 'sharp'
import type { Addon, RawImage } from '../addon/interface.ts'
import { lower, simclrFamily } from '../augment/index.ts'
import type { ResolvedConfig } from '../config/resolve.ts'
import type { Images } from '../run/images.ts'

/** A grid of pictures of one size in one file. */
export interface Sheet {
  uri: string
  /** Pictures a row, and rows. */
  columns: number
  rows: number
  /** Height = width of one, pixels. */
  size: number
}

/** One small picture of each image, centre cut square. */
export async function thumbnails(images: Images, indices: Uint32Array, size: number): Promise<Sheet> {
  const cells = await Promise.all(Array.from(indices, (index) => squared(images.store.get(index), size)))
  return sheet(cells, size, Math.min(cells.length, 32))
}

/**
 * A contact sheet: a row an image, the image itself and then views as training makes them, without
 * normalisation, so that they can be looked at.
 */
export async function contactSheet(
  addon: Addon,
  images: Images,
  indices: Uint32Array,
  config: ResolvedConfig,
  views: number,
): Promise<Sheet> {
  const size = config.imageSize
  const family = simclrFamily({ ...config.augment, mean: null, std: null })
  const augmenter = new addon.Augmenter(lower(family, size))
  const epochs = new Uint32Array(indices.length)
  const batch = augmenter.batch(images.store, { indices, epochs, seed: config.seed, views, labels: null })
  const pixels = await batch.pixels({ threads: 1 })
  const dim = size * size * 3
  const cells: Uint8Array[] = []
  for (const [row, index] of indices.entries()) {
    cells.push(await squared(images.store.get(index), size))
    for (let view = 0; view < views; view++) {
      const start = (view * indices.length + row) * dim
      cells.push(Uint8Array.from(pixels.subarray(start, start + dim), (value) => clamp(255 * value)))
    }
  }
  return sheet(cells, size, views + 1)
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
  // Small pictures would show JPEG's blocks.
  const bytes =
    size <= 64 ? await image.png({ palette: false }).toBuffer() : await image.jpeg({ quality: 85 }).toBuffer()
  const uri = `data:image/${size <= 64 ? 'png' : 'jpeg'};base64,${bytes.toString('base64')}`
  return { uri, columns, rows, size }
}

function clamp(value: number): number {
  return Math.max(0, Math.min(255, Math.round(value)))
}
