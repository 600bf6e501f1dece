/**
 * What a file is by its first bytes, so that what is no image never reaches a decoder, and whether it is grey and has
 * alpha (sharp would have to read every file twice to tell).
 */

/** The formats that are read. */
export type ImageFormat = 'jpeg' | 'png' | 'webp' | 'avif' | 'tiff' | 'gif'

export type Sniffed =
  /** `grey`: one colour channel; `alpha`: transparency beside it; null where the first bytes do not say. */
  | { format: ImageFormat; grey: boolean | null; alpha: boolean | null }
  /** A known kind of image that is not read. */
  | { unsupported: string }

/** Names of files that are taken for images; the bytes decide. */
export const imageExtensions = /\.(jpe?g|jpe|jfif|png|apng|webp|avif|tiff?|gif|bmp|hei[cf]|jp2|jxl|psd)$/i

/** Sizes of the header behind a BMP's file header, which tell its version: `BM` alone begins many a name. */
const bmpHeaders: ReadonlySet<number | null> = new Set([12, 16, 40, 52, 56, 64, 108, 124])

const tiffStarts = [0x2a, 0x2b].flatMap((version) => [
  [0x49, 0x49, version, 0],
  [0x4d, 0x4d, 0, version],
])

/** Null for what is no image. */
export function sniff(bytes: Uint8Array): Sniffed | null {
  if (startsWith(bytes, [0xff, 0xd8, 0xff]))
    return { format: 'jpeg', grey: jpegComponents(bytes) === 1, alpha: false }
  if (startsWith(bytes, [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])) {
    const colourType = bytes[25] // of IHDR, which comes first: 0 grey, 4 grey with alpha
    return { format: 'png', grey: colourType === 0 || colourType === 4, alpha: pngHasAlpha(bytes) }
  }
  if (text(bytes, 0, 6) === 'GIF87a' || text(bytes, 0, 6) === 'GIF89a')
    return { format: 'gif', grey: false, alpha: null }
  if (text(bytes, 0, 4) === 'RIFF' && text(bytes, 8, 4) === 'WEBP')
    return { format: 'webp', grey: false, alpha: null }
  // 2a: TIFF, 2b: BigTIFF
  if (tiffStarts.some((start) => startsWith(bytes, start))) {
    return { format: 'tiff', grey: null, alpha: null }
  }
  if (text(bytes, 4, 4) === 'ftyp') return sniffIsoMedia(bytes)
  if (text(bytes, 0, 2) === 'BM' && bmpHeaders.has(uint32(bytes, 14))) return { unsupported: 'BMP' }
  if (text(bytes, 4, 4) === 'jP  ') return { unsupported: 'JPEG 2000' }
  if (startsWith(bytes, [0xff, 0x0a]) || text(bytes, 4, 4) === 'JXL ') return { unsupported: 'JPEG XL' }
  if (text(bytes, 0, 4) === '8BPS') return { unsupported: 'Photoshop' }
  return null
}

/** AVIF and HEIC share a container; its brands tell them apart. */
function sniffIsoMedia(bytes: Uint8Array): Sniffed | null {
  const end = Math.min(bytes.length, new DataView(bytes.buffer, bytes.byteOffset).getUint32(0), 256)
  for (let at = 8; at + 4 <= end; at += 4) {
    const brand = text(bytes, at, 4)
    if (brand === 'avif' || brand === 'avis') return { format: 'avif', grey: null, alpha: null }
  }
  return /^(hei|hev|mif1|msf1)/.test(text(bytes, 8, 4)) ? { unsupported: 'HEIC' } : null
}

/** By its colour type, or by a tRNS chunk, which comes before the pixels (PNG, 11.3.1.1). */
function pngHasAlpha(bytes: Uint8Array): boolean {
  if (bytes[25] === 4 || bytes[25] === 6) return true
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 8; at + 8 <= bytes.length; at += 12 + view.getUint32(at)) {
    const chunk = text(bytes, at + 4, 4)
    if (chunk === 'tRNS' || chunk === 'IDAT') return chunk === 'tRNS'
  }
  return false
}

/** Components in the frame header (ITU T.81, B.2.2); null if there is none where it should be. */
function jpegComponents(bytes: Uint8Array): number | null {
  let at = 2
  while (at + 9 < bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1]!
    if (marker === 0xff) {
      at += 1 // a fill byte
      continue
    }
    const isFrame = marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc
    if (isFrame) return bytes[at + 9]!
    at += 2 + ((bytes[at + 2]! << 8) | bytes[at + 3]!)
  }
  return null
}

function startsWith(bytes: Uint8Array, start: readonly number[]): boolean {
  return start.every((byte, i) => bytes[i] === byte)
}

/** Little-endian; null where the bytes end before. */
function uint32(bytes: Uint8Array, at: number): number | null {
  if (bytes.length < at + 4) return null
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(at, true)
}

function text(bytes: Uint8Array, from: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(from, from + length))
}
