import type { NativeTensor } from '../lib/addon/interface.ts'

/** Views [rows, size, size, 3], uniform in [-1, 1). */
export function noise(rows: number, size: number): NativeTensor {
  const values = new Float32Array(rows * size * size * 3)
  let state = 1
  for (let i = 0; i < values.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    values[i] = state / 2 ** 31 - 1
  }
  return { name: 'views', dtype: 'F32', shape: [rows, size, size, 3], data: new Uint8Array(values.buffer) }
}
