/** Damage to files, at random but the same for the same seed. */

/** Numbers in [0, 1): mulberry32. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** One to four of: bits flipped, a byte set to an extreme, a run zeroed, cut off, bytes left out, moved, or put in. */
export function mutate(bytes: Uint8Array, seed: number): Buffer {
  const random = randomNumbers(seed)
  const below = (n: number) => Math.floor(random() * n)
  let out = Buffer.from(bytes)
  // Half of the damage goes to the head, where sizes and tables are.
  const place = () => below(random() < 0.5 ? Math.min(out.length, 64) : out.length)
  for (let n = 1 + below(4); n > 0 && out.length > 1; n -= 1) {
    const at = place()
    const length = 1 + below(Math.min(64, out.length - at))
    switch (below(7)) {
      case 0:
        for (let i = 0; i < 1 + below(20); i += 1) out[place()]! ^= 1 << below(8)
        break
      case 1:
        out[at] = [0, 1, 0x7f, 0x80, 0xff][below(5)]!
        break
      case 2:
        out.fill(0, at, at + length)
        break
      case 3:
        out = out.subarray(0, at)
        break
      case 4:
        out = Buffer.concat([out.subarray(0, at), out.subarray(at + length)])
        break
      case 5:
        out.copyWithin(below(out.length), at, at + length)
        break
      default:
        out = Buffer.concat([out.subarray(0, at), out.subarray(at, at + length), out.subarray(at)])
    }
  }
  return out
}
