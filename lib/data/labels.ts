/** How many images have a class: labels are -1 where there is none, null where no image has one. */
export function countLabelled(labels: Int32Array | null): number {
  return labels?.reduce((count, label) => count + (label >= 0 ? 1 : 0), 0) ?? 0
}
