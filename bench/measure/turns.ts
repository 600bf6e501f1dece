/** Measurements in turns, so that whatever else happens on the machine happens to all sides. */

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Measures all sides in turns, `rounds` times after one round that does not count; the median of each. */
export async function inTurns(rounds: number, sides: readonly (() => Promise<number>)[]): Promise<number[]> {
  const measured: number[][] = sides.map(() => [])
  for (let round = 0; round <= rounds; round++) {
    for (const [i, side] of sides.entries()) {
      const value = await side()
      if (round > 0) measured[i]!.push(value)
    }
  }
  return measured.map(median)
}
