import { expect } from 'chai'
import { loadAddon } from '../../lib/addon/load.ts'
import { evaluate } from '../../lib/evaluate/evaluate.ts'
import { knnRanking, linearRanking } from '../../lib/evaluate/probes.ts'
import { rankedProbabilities, scoresOf } from '../../lib/evaluate/scores.ts'

const addon = loadAddon()
const dim = 3
/** Not from 0, and not all numbers: labels as a set may have them. */
const classes = [2, 3, 5, 7, 11, 13, 17]

/** Rows around a direction of their class's own; the classes are unequally frequent. */
function rowsOf(count: number, from: number) {
  const labels = Int32Array.from(
    { length: count },
    (_, i) => classes[Math.floor(7 * (((i + from) / count) % 1) ** 2)]!,
  )
  const data = Float32Array.from({ length: count * dim }, (_, at) => {
    const [i, axis] = [Math.floor(at / dim), at % dim]
    return Math.cos(labels[i]! * (axis + 1)) + 0.7 * Math.sin(12.9898 * (at + 1) + 78.233 * from)
  })
  return { data, labels }
}

const learnt = rowsOf(70, 0)
const asked = rowsOf(50, 0.5)
const rowOf = (data: ArrayLike<number>, i: number) =>
  Array.from({ length: dim }, (_, axis) => data[i * dim + axis]!)

/** Classes by descending score; of equal ones the lower first. */
function ranked(scores: Map<number, number>): number[] {
  return [...scores].sort(([a, x], [b, y]) => y - x || a - b).map(([label]) => label)
}

describe('ranked classes', () => {
  it('of kNN are those of a plain loop over votes, and -1 where no neighbour has another', async () => {
    const [k, temperature, top] = [6, 0.1, 5]
    const expected = Array.from(asked.labels, (_, query) => {
      const q = rowOf(asked.data, query)
      const similarities = Array.from(learnt.labels, (label, i) => {
        const row = rowOf(learnt.data, i)
        const product = row.reduce((sum, x, axis) => sum + x * q[axis]!, 0)
        return { label, similarity: product / Math.hypot(...row) / Math.hypot(...q) }
      })
      const votes = new Map<number, number>()
      for (const { label, similarity } of similarities
        .sort((a, b) => b.similarity - a.similarity)
        .slice(0, k)) {
        votes.set(label, (votes.get(label) ?? 0) + Math.exp(similarity / temperature))
      }
      return [...ranked(votes), -1, -1, -1, -1, -1].slice(0, top)
    })
    const found = await knnRanking(addon, learnt, asked.data, { k, temperature, top })
    expect(found.top).to.equal(top)
    expect([...found.labels]).to.deep.equal(expected.flat())
    expect([...found.labels], 'some with fewer classes among their neighbours').to.include(-1)
    const first = await knnRanking(addon, learnt, asked.data, { k, temperature, top: 1 })
    expect([...first.labels]).to.deep.equal(expected.map(([label]) => label))
  })

  it('of the linear probe are those of a plain loop of gradient descent', async () => {
    const [l2, count] = [0.1, learnt.labels.length]
    const column = (axis: number) => Array.from(learnt.labels, (_, i) => learnt.data[i * dim + axis]!)
    const standard = Array.from({ length: dim }, (_, axis) => {
      const mean = column(axis).reduce((a, b) => a + b) / count
      const squares = column(axis).reduce((sum, x) => sum + (x - mean) ** 2, 0)
      return { mean, deviation: Math.sqrt(squares / (count - 1)) }
    })
    const standardised = (data: Float32Array, i: number) => [
      ...rowOf(data, i).map((x, axis) => (x - standard[axis]!.mean) / standard[axis]!.deviation),
      1, // the bias, which has no penalty
    ]
    const weights = classes.map(() => new Array<number>(dim + 1).fill(0))
    const logits = (x: number[]) => weights.map((w) => w.reduce((sum, value, j) => sum + value * x[j]!, 0))
    const rows = Array.from(learnt.labels, (_, i) => standardised(learnt.data, i))
    for (let step = 0; step < 3000; step++) {
      const gradient = weights.map((w) => w.map((value, j) => (j < dim ? 2 * l2 * value : 0)))
      for (const [i, x] of rows.entries()) {
        const powers = logits(x).map(Math.exp)
        const sum = powers.reduce((a, b) => a + b)
        for (const [c, label] of classes.entries()) {
          const error = powers[c]! / sum - (learnt.labels[i] === label ? 1 : 0)
          for (const [j, value] of x.entries()) gradient[c]![j]! += (error * value) / count
        }
      }
      for (const [c, row] of gradient.entries())
        for (const [j, value] of row.entries()) weights[c]![j]! -= 0.5 * value
    }
    const found = await linearRanking(addon, learnt, asked.data, { l2, maxIterations: 100, top: 7 })
    const expected = Array.from(asked.labels, (_, i) =>
      ranked(new Map(logits(standardised(asked.data, i)).map((score, c) => [classes[c]!, score]))),
    )
    expect([...found.labels]).to.deep.equal(expected.flat())
  })

  it('come out of probabilities, of equal ones the lower class first', () => {
    const { labels } = rankedProbabilities(Float32Array.of(0.2, 0.5, 0.2, 0.1, 0, 0, 1, 0), 4, 3)
    expect([...labels]).to.deep.equal([1, 0, 2, 2, 0, 1])
  })
})

describe('scores', () => {
  it('are right by hand', () => {
    const ranking = {
      labels: Int32Array.from([
        ...[0, 1, 2, 3, 4],
        ...[1, 0, 2, 3, 4],
        ...[5, 4, 3, 2, -1],
        ...[2, 1, 0, 3, 4],
      ]),
      top: 5,
    }
    const names = ['a', 'b', 'c', 'd', 'e', 'f']
    const { accuracy, standardError, top5, perClass } = scoresOf(ranking, Int32Array.of(0, 0, 1, 2), 6, names)
    expect({ accuracy, top5 }).to.deep.equal({ accuracy: 0.5, top5: 0.75 })
    expect(standardError).to.be.closeTo(0.25, 1e-15) // √(0.5 · 0.5 / 4)
    expect(perClass).to.deep.equal([
      { name: 'a', accuracy: 0.5, images: 2 },
      { name: 'b', accuracy: 0, images: 1 },
      { name: 'c', accuracy: 1, images: 1 },
    ])
    expect(scoresOf(ranking, Int32Array.of(0, 0, 1, 2), 5, names).top5).to.equal(null)
  })

  it("are in evaluate's result for both probes", async () => {
    const data = 'synthetic:scenes,count=300,size=16'
    const test = 'synthetic:scenes,count=200,size=16,seed=1'
    for (const probe of ['knn', 'linear'] as const) {
      const { accuracy, top5, perClass } = await evaluate({ encoder: 'raw', data, test, probe } as never)
      expect(top5)
        .to.be.above(accuracy + 0.1)
        .and.below(1)
      const right = perClass.reduce((sum, { accuracy, images }) => sum + accuracy * images, 0)
      expect(right / 200).to.be.closeTo(accuracy, 1e-12)
      expect(perClass).to.have.length(10)
    }
  })
})
