/** Which of some images. */

/** 0 … count - 1. */
export function sequence(count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, i) => i)
}

/** At most `most` of `count` indices, evenly spread: sets are often sorted by class. */
export function evenly(count: number, most: number): Uint32Array {
  const length = Math.min(count, most)
  return Uint32Array.from({ length }, (_, i) => Math.floor((i * count) / length))
}
