/** What ranked classes are worth: accuracy, top-5 accuracy, accuracy of each class. */

export interface ClassAccuracy {
  name: string
  /** Share of the class's test images that are classified rightly, 0 to 1. */
  accuracy: number
  /** Test images of the class. */
  images: number
}

export interface Scores {
  /** Share of the test images classified rightly, 0 to 1. */
  accuracy: number
  /** Of the accuracy, as a binomial proportion of the test images: √(a (1 − a) / n). */
  standardError: number
  /** Share of the test images whose class is among the five likeliest; null where there are no more than five classes. */
  top5: number | null
  /** Of the classes that `test` has images of, in the order of the classes. */
  perClass: ClassAccuracy[]
}

/** Labels of the likeliest classes, the likeliest first; -1 where there is none any more. */
export interface Ranking {
  /** [images, top] */
  labels: Int32Array
  top: number
}

/** How many classes are asked for where there are `classes`. */
export function rankedOf(classes: number): number {
  return Math.min(5, classes)
}

/** Of a ranking of images that have `labels`, among so many `classes`. */
export function scoresOf(
  ranking: Ranking,
  labels: Int32Array,
  classes: number,
  classNames: readonly string[],
): Scores {
  const accuracy = shareWithin(ranking, labels, 1)
  const counts = new Map<number, { images: number; right: number }>()
  labels.forEach((label, i) => {
    const { images, right } = counts.get(label) ?? { images: 0, right: 0 }
    const isRight = ranking.labels[i * ranking.top] === label
    counts.set(label, { images: images + 1, right: right + (isRight ? 1 : 0) })
  })
  const perClass = [...counts]
    .sort(([a], [b]) => a - b)
    .map(([label, { images, right }]) => ({ name: classNames[label]!, accuracy: right / images, images }))
  return {
    accuracy,
    standardError: Math.sqrt((accuracy * (1 - accuracy)) / labels.length),
    top5: classes > 5 ? shareWithin(ranking, labels, 5) : null,
    perClass,
  }
}

/** Share of images whose label is among the first `most` of their ranking. */
export function shareWithin({ labels: ranked, top }: Ranking, labels: Int32Array, most: number): number {
  let right = 0
  labels.forEach((label, i) => {
    if (ranked.subarray(i * top, i * top + Math.min(most, top)).includes(label)) right++
  })
  return right / labels.length
}

/** The `top` likeliest classes by `probabilities` [images, classes], where there are as many; of equal ones the lower number first. */
export function rankedProbabilities(probabilities: Float32Array, classes: number, top: number): Ranking {
  const images = probabilities.length / classes
  const labels = new Int32Array(images * top)
  for (let i = 0; i < images; i++) {
    const row = probabilities.slice(i * classes, (i + 1) * classes)
    for (let place = 0; place < top; place++) {
      const best = indexOfLargest(row)
      labels[i * top + place] = best
      row[best] = -1 // below every probability
    }
  }
  return { labels, top }
}

function indexOfLargest(row: Float32Array): number {
  let best = 0
  for (let i = 1; i < row.length; i++) if (row[i]! > row[best]!) best = i
  return best
}
