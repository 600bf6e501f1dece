/** A contact sheet: one row an image, the image itself and then its views, to look at what a family does. */
import sharp from 'sharp'
import type { AugmentPlan, NativeImageStore, RawImage } from '../addon/interface.ts'
import { loadAddon } from '../addon/load.ts'

export interface SheetOptions {
  /** Views of each image. */
  views: number
  seed: number
  epoch: number
  /** Threads that make the views. */
  threads: number
}

/** Pixels between cells and around the sheet. */
const gap = 6
const paper = 255
/** Small views are enlarged by a whole factor to at least so many pixels. */
const legible = 96

/**
 * PNG of the views that training with `plan` makes of these images in that epoch. Colours are shown before
 * normalisation. Errors: those of the store and the plan.
 */
export async function contactSheet(
  store: NativeImageStore,
  indices: Uint32Array,
  plan: AugmentPlan,
  { views, seed, epoch, threads }: SheetOptions,
): Promise<Uint8Array> {
  const { size } = plan
  const count = indices.length
  const batch = new (loadAddon().Augmenter)({ ...plan, normalize: null }).batch(store, {
    indices,
    epochs: new Uint32Array(count).fill(epoch),
    seed,
    views,
    labels: null,
  })
  const pixels = Uint8Array.from(await batch.pixels({ threads }), (value) => Math.round(value * 255))
  const zoom = Math.max(1, Math.ceil(legible / size))
  const sheet = new Sheet(count, views + 1, size * zoom)
  for (let row = 0; row < count; row++) {
    sheet.place(row, 0, await fitted(store.get(indices[row]!), sheet.cell), 1)
    for (let view = 0; view < views; view++) {
      const at = (view * count + row) * size * size * 3
      sheet.place(row, view + 1, pixels.subarray(at, at + size * size * 3), zoom)
    }
  }
  return sheet.png()
}

/** The whole image inside a square, RGB. */
async function fitted({ data, width, height, channels }: RawImage, side: number): Promise<Uint8Array> {
  const kernel = Math.max(width, height) < side ? 'nearest' : 'lanczos3'
  const background = { r: paper, g: paper, b: paper }
  return await sharp(data, { raw: { width, height, channels } })
    .toColourspace('srgb')
    .resize(side, side, { fit: 'contain', kernel, background })
    .removeAlpha()
    .raw()
    .toBuffer()
}

class Sheet {
  readonly cell: number
  readonly #width: number
  readonly #height: number
  readonly #data: Uint8Array

  constructor(rows: number, columns: number, cell: number) {
    this.cell = cell
    this.#width = columns * (cell + gap) + gap
    this.#height = rows * (cell + gap) + gap
    this.#data = new Uint8Array(this.#width * this.#height * 3).fill(paper)
  }

  /** Draws a square RGB image, each pixel `zoom` times as wide and high. */
  place(row: number, column: number, rgb: Uint8Array, zoom: number): void {
    const side = this.cell / zoom
    const left = gap + column * (this.cell + gap)
    const top = gap + row * (this.cell + gap)
    for (let y = 0; y < this.cell; y++) {
      let to = ((top + y) * this.#width + left) * 3
      const from = Math.floor(y / zoom) * side * 3
      for (let x = 0; x < this.cell; x++, to += 3) {
        const at = from + Math.floor(x / zoom) * 3
        this.#data.set(rgb.subarray(at, at + 3), to)
      }
    }
  }

  png(): Promise<Uint8Array> {
    return sharp(this.#data, { raw: { width: this.#width, height: this.#height, channels: 3 } })
      .png()
      .toBuffer()
  }
}
