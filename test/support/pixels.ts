import type { RawImage } from '../../lib/addon/interface.ts'

/** Bytes of a linear congruential generator as square RGB images, which test/fixtures/pytorch.py makes too. */
export function congruential(count: number, side: number): RawImage[] {
  let state = 1
  return Array.from({ length: count }, () => {
    const data = Uint8Array.from({ length: side * side * 3 }, () => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0
      return state >>> 24
    })
    return { data, width: side, height: side, channels: 3 }
  })
}
