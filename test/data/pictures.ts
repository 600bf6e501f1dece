/** Real image files of every kind, made by sharp; and the plain decode that ours is held against. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import sharp, { type Sharp } from 'sharp'
import type { RawImage } from '../../lib/addon/interface.ts'

export const formats = ['jpeg', 'png', 'webp', 'avif', 'tiff', 'gif'] as const
export type Format = (typeof formats)[number]

/** A colourful picture with an edge and a gradient, different for every seed. */
export function picture(width = 40, height = 30, seed = 1): Sharp {
  const data = Buffer.alloc(width * height * 3)
  for (let y = 0, i = 0; y < height; y += 1) {
    for (let x = 0; x < width; x += 1) {
      data[i++] = Math.round((255 * x) / width)
      data[i++] = Math.round((255 * y) / height)
      data[i++] = x + y > ((width + height) * ((seed * 7) % 10)) / 10 ? (seed * 53) % 256 : 200
    }
  }
  return sharp(data, { raw: { width, height, channels: 3 } })
}

/** The bytes of a picture as a file of the format. */
export function file(format: Format, width?: number, height?: number, seed?: number): Promise<Buffer> {
  return picture(width, height, seed)
    .toFormat(format, { effort: format === 'avif' ? 0 : undefined })
    .toBuffer()
}

/** Grey values 0, 1, 2, …, one channel. */
export function greyPicture(width = 40, height = 30): Sharp {
  const data = Buffer.from(Array.from({ length: width * height }, (_, i) => i % 256))
  return sharp(data, { raw: { width, height, channels: 1 } }).toColourspace('b-w')
}

/** A BMP of one white pixel, 24 bits, with the header of Windows 3. */
export function bmp(): Buffer {
  const bytes = Buffer.alloc(58)
  bytes.write('BM')
  bytes.writeUInt32LE(58, 2)
  for (const [at, value] of [
    [10, 54],
    [14, 40],
    [18, 1],
    [22, 1],
    [34, 4],
  ] as const)
    bytes.writeUInt32LE(value, at)
  bytes.writeUInt16LE(1, 26)
  bytes.writeUInt16LE(24, 28)
  return bytes.fill(0xff, 54, 57)
}

/** The pixels as sharp gives them by default. */
export function plainPixels(bytes: Uint8Array): Promise<Buffer> {
  return sharp(bytes).removeAlpha().raw().toBuffer()
}

/** Bytes 0, 1, 2, … with a step, so that every place has a value of its own nearby. */
export function ramp(length: number, step: number): Buffer {
  return Buffer.from(Array.from({ length }, (_, i) => (i * step) % 251))
}

export function write(path: string, bytes: Uint8Array | string): string {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, bytes)
  return path
}

/** Grey, of one value. */
export function square(value: number, size = 4): RawImage {
  return { data: new Uint8Array(size * size).fill(value), width: size, height: size, channels: 1 }
}
