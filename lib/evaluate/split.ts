/** Labelled images in two, the same way every time: those that are learnt from, and those that are held out and asked for. */
import type { Addon } from '../addon/interface.ts'
import type { Images } from '../data/images.ts'

/** One in so many is held out: a fifth. */
const heldOutOneIn = 5

/** An epoch that no training reaches: which images are held out is independent of every epoch's order. */
const choiceEpoch = 0xffff_ffff

/** A set's labelled images, in an order that is the same every time. */
export function shuffledLabelled(
  addon: Pick<Addon, 'epochOrder'>,
  { labels }: Pick<Images, 'labels'>,
  seed: number,
): Uint32Array {
  if (labels === null) return new Uint32Array()
  const order = addon.epochOrder({ seed, epoch: choiceEpoch, count: labels.length })
  return order.filter((index) => labels[index]! >= 0)
}

/** A fifth of shuffled rows, at least one, and the rest. */
export function splitRows(rows: Uint32Array): { held: Uint32Array; learnt: Uint32Array } {
  const count = Math.max(1, Math.floor(rows.length / heldOutOneIn))
  return { held: rows.slice(0, count), learnt: rows.slice(count) }
}

/** Of each class a fifth to the nearest, at least one, drawn by `seed`, and the rest, both ascending. A class of one row is learnt. */
export function splitByClass(
  addon: Pick<Addon, 'epochOrder'>,
  labels: Int32Array,
  seed: number,
): { held: Uint32Array; learnt: Uint32Array } {
  const ofClass = new Map<number, number[]>()
  for (const row of shuffledLabelled(addon, { labels }, seed)) {
    const rows = ofClass.get(labels[row]!)
    if (rows) rows.push(row)
    else ofClass.set(labels[row]!, [row])
  }
  const held: number[] = []
  const learnt: number[] = []
  for (const rows of ofClass.values()) {
    const count = rows.length === 1 ? 0 : Math.max(1, Math.round(rows.length / heldOutOneIn))
    held.push(...rows.slice(0, count))
    learnt.push(...rows.slice(count))
  }
  return { held: Uint32Array.from(held).sort(), learnt: Uint32Array.from(learnt).sort() }
}
