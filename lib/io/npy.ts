/** NumPy's .npy, version 1.0: a magic string, a header of Python literals, the values little-endian, row-major. */

/** The bytes before the values of a float32 array of this shape. */
export function npyHeader(shape: readonly number[]): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': ${tuple}, }`
  // Magic, version, length and text together are a multiple of 64 bytes; the text ends in a newline.
  const length = Math.ceil((10 + text.length + 1) / 64) * 64
  const bytes = Buffer.alloc(length, ' ', 'latin1')
  bytes.write('\x93NUMPY\x01\x00', 0, 'latin1')
  bytes.writeUInt16LE(length - 10, 8)
  bytes.write(text, 10, 'latin1')
  bytes.write('\n', length - 1, 'latin1')
  return bytes
}
