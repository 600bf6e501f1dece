/** Plain TIFF files of any sample type: sharp writes few of those that microscopes and scanners do. */

export interface TiffOptions {
  /** Channels, interleaved. Default 1. */
  samples?: number
  /** 0: grey, 0 is white; 1: grey, 0 is black; 2: RGB. Default 1. */
  photometric?: 0 | 1 | 2
}

const [short, long] = [3, 4]

/** One uncompressed strip, little-endian (TIFF 6.0). Samples are of the array's type. */
export function tiff(
  width: number,
  height: number,
  data: NodeJS.TypedArray,
  { samples = 1, photometric = 1 }: TiffOptions = {},
): Buffer {
  const isFloat = data instanceof Float32Array || data instanceof Float64Array
  const isSigned = data instanceof Int8Array || data instanceof Int16Array || data instanceof Int32Array
  const format = isFloat ? 3 : isSigned ? 2 : 1
  const pixels = Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  const each = (value: number) => new Array<number>(samples).fill(value)
  const extra = samples - (photometric === 2 ? 3 : 1)
  const tags: [tag: number, type: number, values: number[]][] = [
    [256, long, [width]],
    [257, long, [height]],
    [258, short, each(8 * data.BYTES_PER_ELEMENT)],
    [259, short, [1]], // no compression
    [262, short, [photometric]],
    [273, long, [0]], // where the strip is: below
    [277, short, [samples]],
    [278, long, [height]],
    [279, long, [pixels.length]],
    ...(extra > 0 ? ([[338, short, new Array<number>(extra).fill(0)]] as [number, number, number[]][]) : []),
    [339, short, each(format)],
  ]
  const head = Buffer.from([0x49, 0x49, 42, 0, 8, 0, 0, 0])
  const directory = Buffer.alloc(2 + 12 * tags.length + 4)
  directory.writeUInt16LE(tags.length)
  const lists: Buffer[] = []
  let end = head.length + directory.length
  for (const [i, [tag, type, values]] of tags.entries()) {
    const at = 2 + 12 * i
    directory.writeUInt16LE(tag, at)
    directory.writeUInt16LE(type, at + 2)
    directory.writeUInt32LE(values.length, at + 4)
    const list = Buffer.alloc(Math.max(4, (type === short ? 2 : 4) * values.length))
    for (const [k, value] of values.entries())
      type === short ? list.writeUInt16LE(value, 2 * k) : list.writeUInt32LE(value, 4 * k)
    if (list.length === 4) {
      list.copy(directory, at + 8)
      continue
    }
    directory.writeUInt32LE(end, at + 8)
    lists.push(list)
    end += list.length
  }
  const strip = tags.findIndex(([tag]) => tag === 273)
  directory.writeUInt32LE(end, 2 + 12 * strip + 8)
  return Buffer.concat([head, directory, ...lists, pixels])
}
