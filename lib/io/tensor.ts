import type { NativeTensor } from '../addon/interface.ts'

/** Bytes of one element. */
export const bytesPerElement: Readonly<Record<NativeTensor['dtype'], number>> = {
  F64: 8,
  I64: 8,
  F32: 4,
  I32: 4,
  BF16: 2,
  F16: 2,
  U8: 1,
}

/** Number of elements of a shape; 1 for a scalar's empty shape. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

type NumberArray = Float64Array | Float32Array | Int32Array | Uint8Array

/** A tensor over the array's own bytes (not a copy); the dtype follows from the array's class. */
export function tensorFrom(name: string, shape: number[], values: NumberArray): NativeTensor {
  if (values.length !== elementCount(shape)) {
    throw new RangeError(
      `Expected ${elementCount(shape)} values for shape [${shape}] but received ${values.length}`,
    )
  }
  const dtype =
    values instanceof Float64Array
      ? 'F64'
      : values instanceof Float32Array
        ? 'F32'
        : values instanceof Int32Array
          ? 'I32'
          : 'U8'
  return { name, dtype, shape, data: new Uint8Array(values.buffer, values.byteOffset, values.byteLength) }
}

/** The values of a tensor of any dtype as float64 (a copy; I64 beyond 2^53 loses digits). */
export function toFloat64(tensor: NativeTensor): Float64Array {
  const { data, dtype } = tensor
  const bytes = new Uint8Array(data).buffer // not slice(): on a Buffer that would be a view
  switch (dtype) {
    case 'F64':
      return new Float64Array(bytes)
    case 'F32':
      return new Float64Array(new Float32Array(bytes))
    case 'I32':
      return new Float64Array(new Int32Array(bytes))
    case 'I64':
      return Float64Array.from(new BigInt64Array(bytes), Number)
    case 'U8':
      return new Float64Array(data)
    case 'BF16':
      return Float64Array.from(new Uint16Array(bytes), bfloat16)
    case 'F16':
      return Float64Array.from(new Uint16Array(bytes), float16)
  }
}

/** The values of a tensor of any dtype as float32 (a copy). */
export function toFloat32(tensor: NativeTensor): Float32Array {
  if (tensor.dtype === 'F32') return new Float32Array(new Uint8Array(tensor.data).buffer)
  return new Float32Array(toFloat64(tensor))
}

const word = new DataView(new ArrayBuffer(4))

/** bfloat16 is the upper half of a float32. */
function bfloat16(bits: number): number {
  word.setUint16(0, bits)
  word.setUint16(2, 0)
  return word.getFloat32(0)
}

/** IEEE 754 binary16: 1 sign, 5 exponent (bias 15) and 10 fraction bits. */
function float16(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1
  const exponent = (bits >> 10) & 0x1f
  const fraction = bits & 0x3ff
  if (exponent === 0) return sign * fraction * 2 ** -24
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15)
}
