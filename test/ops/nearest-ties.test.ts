import { expect } from 'chai'
import { ops, type SimilarityMetric } from '../../lib/ops/index.ts'

type Rows = Float32Array[]

/** Values are multiples of it up to 1: sums of their products are exact in float64, in whatever order. */
const grid = 2 ** -20

const product = (a: Float32Array, b: Float32Array) => a.reduce((sum, x, i) => sum + x * b[i]!, 0)

function similarity(a: Float32Array, b: Float32Array, metric: SimilarityMetric): number {
  if (metric === 'euclidean')
    return Math.fround(-Math.sqrt(a.reduce((sum, x, i) => sum + (x - b[i]!) ** 2, 0)))
  const norms = Math.sqrt(product(a, a)) * Math.sqrt(product(b, b))
  return norms === 0 ? 0 : Math.fround(product(a, b) / norms)
}

/** Every pair, sorted; of equal ones the lower index first. */
function expectedOf(query: Float32Array, references: Rows, k: number, metric: SimilarityMetric) {
  const all = references.map((row) => similarity(query, row, metric))
  const indices = [...all.keys()].sort((a, b) => all[b]! - all[a]! || a - b).slice(0, k)
  return { indices, similarities: indices.map((i) => all[i]! + 0) } // no -0
}

describe('ops.nearest among equally near rows', function () {
  this.timeout(60_000)
  let state = 3
  const random = () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  }
  const row = (dim: number) => Float32Array.from({ length: dim }, () => Math.round(random() / grid) * grid)
  const near = (to: Float32Array) => to.map((value) => value + Math.round(random()) * grid)
  const flat = (rows: Rows) => Float32Array.from(rows.flatMap((values) => [...values]))

  /** By what encoders that have collapsed, wholly or nearly, make of images. */
  const sets: Record<string, (dim: number, count: number) => Rows> = {
    'all equal': (dim, count) => {
      const one = row(dim)
      return Array.from({ length: count }, () => one)
    },
    'equal to rounding': (dim, count) => {
      const one = row(dim)
      return Array.from({ length: count }, () => near(one))
    },
    'one of a few, in runs of any length': (dim, count) => {
      const few = Array.from({ length: 5 }, () => row(dim))
      let at = 0
      return Array.from({ length: count }, () => few[random() > 0.95 ? ++at % 5 : at % 5]!)
    },
    'one of a few, by turns': (dim, count) => {
      const few = Array.from({ length: 5 }, () => row(dim))
      return Array.from({ length: count }, (_, i) => few[i % 5]!)
    },
    'runs of rows that are equal to rounding': (dim, count) => {
      const one = row(dim)
      let at = one
      return Array.from({ length: count }, () => {
        if (random() > 0.9) at = near(one)
        return at
      })
    },
  }

  for (const [what, make] of Object.entries(sets)) {
    for (const metric of ['cosine', 'euclidean'] as const) {
      it(`finds what a loop over all finds, to the bit: ${what}, ${metric}`, async () => {
        for (const [dim, count, k] of [
          [19, 1100, 7],
          [64, 700, 130],
          [8, 5, 5],
        ] as const) {
          const references = make(dim, count)
          const queries = [references[0]!, near(references[0]!), row(dim), references.at(-1)!]
          const found = await ops.nearest(flat(queries), flat(references), { dim, k, metric })
          for (const [at, query] of queries.entries()) {
            const { indices, similarities } = expectedOf(query, references, k, metric)
            const part = <T extends Uint32Array | Float32Array>(all: T) => [
              ...all.subarray(at * k, at * k + k),
            ]
            expect(part(found.indices)).to.deep.equal(indices)
            expect(part(found.similarities).map((value) => value + 0)).to.deep.equal(similarities)
          }
        }
      })
    }
  }
})
