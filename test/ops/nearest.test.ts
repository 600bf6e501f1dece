import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { NpyWriter, readNpy } from '../../lib/io/npy.ts'
import { ops, type SimilarityMetric } from '../../lib/ops/index.ts'
import { temporaryFolder } from '../support/folder.ts'
import { needTorchvision, runPython } from '../support/python.ts'
import { rejection } from '../support/rejection.ts'

const metrics = ['cosine', 'euclidean'] as const

/** Numbers from -1 to 1. */
function noise(count: number, seed = 1): Float32Array {
  let state = seed
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  })
}

/** All similarities of one query, in float64, row by row. */
function similaritiesOf(query: Float32Array, references: Float32Array, metric: SimilarityMetric): number[] {
  const dim = query.length
  return Array.from({ length: references.length / dim }, (_, row) => {
    let [product, a, b, distance] = [0, 0, 0, 0]
    for (let i = 0; i < dim; i++) {
      const [x, y] = [query[i]!, references[row * dim + i]!]
      product += x * y
      a += x * x
      b += y * y
      distance += (x - y) ** 2
    }
    if (metric === 'euclidean') return -Math.sqrt(distance)
    return a === 0 || b === 0 ? 0 : product / Math.sqrt(a) / Math.sqrt(b)
  })
}

/** The k nearest, of equal float32 similarities the lower index first. */
function nearestOf(query: Float32Array, references: Float32Array, k: number, metric: SimilarityMetric) {
  const all = similaritiesOf(query, references, metric).map(Math.fround)
  const order = all.map((_, i) => i).sort((a, b) => all[b]! - all[a]! || a - b)
  const indices = order.slice(0, k)
  return { indices, similarities: indices.map((i) => all[i]!) }
}

/** Bytes that the process had at most, beyond those of before, while `work` was done. */
async function mostMemory(work: () => Promise<unknown>): Promise<number> {
  const before = process.memoryUsage.rss()
  let [most, looks] = [0, 0]
  const timer = setInterval(() => {
    looks += 1
    most = Math.max(most, process.memoryUsage.rss() - before)
  }, 1)
  await work()
  clearInterval(timer)
  expect(looks).to.be.above(0)
  return most
}

describe('ops.nearest', function () {
  this.timeout(120_000)
  const path = temporaryFolder()

  it('is right by hand', async () => {
    const references = Float32Array.of(1, 0, 3, 4, 0, 1, -1, 0)
    const queries = Float32Array.of(2, 0, 0, -5)
    expect(await ops.nearest(queries, references, { dim: 2, k: 3 })).to.deep.equal({
      indices: Uint32Array.of(0, 1, 2, 0, 3, 1),
      similarities: Float32Array.of(1, 0.6, 0, 0, 0, -0.8),
      shape: [2, 3],
    })
    expect(await ops.nearest(queries, references, { dim: 2, k: 2, metric: 'euclidean' })).to.deep.equal({
      indices: Uint32Array.of(0, 2, 0, 3),
      similarities: Float32Array.of(-1, -Math.sqrt(5), -Math.sqrt(26), -Math.sqrt(26)),
      shape: [2, 2],
    })
  })

  for (const metric of metrics) {
    it(`finds what a loop in float64 finds, in numbers that fill no block: ${metric}`, async () => {
      const [dim, m, n, k] = [13, 1027, 16_403, 7]
      const [queries, references] = [noise(m * dim), noise(n * dim, 2)]
      const found = await ops.nearest(queries, references, { dim, k, metric })
      expect(found.shape).to.deep.equal([m, k])
      // The first and last of every block, and some between.
      for (const row of [0, 1, 500, 1023, 1024, 1026]) {
        const query = queries.subarray(row * dim, (row + 1) * dim)
        const { indices, similarities } = nearestOf(query, references, k, metric)
        expect([...found.indices.subarray(row * k, (row + 1) * k)]).to.deep.equal(indices)
        for (const [j, value] of similarities.entries())
          expect(found.similarities[row * k + j]).to.be.closeTo(value, 1e-6)
      }
    })

    it(`takes the lower index of equally near ones, wherever it lies: ${metric}`, async () => {
      const [dim, n] = [19, 40_000]
      const [row] = [noise(dim, 5)]
      const same = new Float32Array(n * dim)
      for (let i = 0; i < n; i++) same.set(row, i * dim)
      const { indices, similarities } = await ops.nearest(row, same, { dim, k: 9, metric })
      expect([...indices]).to.deep.equal([0, 1, 2, 3, 4, 5, 6, 7, 8])
      expect(new Set(similarities)).to.deep.equal(new Set([metric === 'cosine' ? 1 : 0]))
      // Nearer ones far apart among others; of the last two but one fits.
      const twins = [39_999, 123, 16_384, 16_383, 30_000]
      const others = noise(n * dim, 6)
      for (const i of twins) others.set(row, i * dim)
      const found = await ops.nearest(row, others, { dim, k: 4, metric })
      expect([...found.indices]).to.deep.equal([123, 16_383, 16_384, 30_000])
    })

    it(`gives a query what it gives it alone, to the bit: ${metric}`, async () => {
      const [dim, m, n, k] = [24, 1500, 17_000, 11]
      const [queries, references] = [noise(m * dim, 7), noise(n * dim, 8)]
      const all = await ops.nearest(queries, references, { dim, k, metric })
      for (const row of [0, 1023, 1024, 1499]) {
        const alone = queries.slice(row * dim, (row + 1) * dim)
        const one = await ops.nearest(alone, references, { dim, k, metric })
        expect(one.indices).to.deep.equal(all.indices.slice(row * k, (row + 1) * k))
        expect(one.similarities).to.deep.equal(all.similarities.slice(row * k, (row + 1) * k))
      }
    })

    it(`has all of them in order where k is their number: ${metric}`, async () => {
      const [dim, n] = [5, 300]
      const [query, references] = [noise(dim, 9), noise(n * dim, 10)]
      const found = await ops.nearest(query, references, { dim, k: n, metric })
      expect([...found.indices]).to.deep.equal(nearestOf(query, references, n, metric).indices)
    })

    for (const [what, scale] of [
      ['huge', 1e30],
      ['tiny', 1e-30],
      ['subnormal', 1e-40],
    ] as const) {
      it(`loses nothing of ${what} values: ${metric}`, async () => {
        const [dim, n, k] = [16, 500, 12]
        const query = noise(dim, 11).map((value) => value * scale)
        const references = noise(n * dim, 12).map((value) => value * scale)
        const { indices, similarities } = await ops.nearest(query, references, { dim, k, metric })
        const right = nearestOf(query, references, k, metric)
        expect([...indices]).to.deep.equal(right.indices)
        for (const [i, value] of right.similarities.entries())
          expect(similarities[i]).to.be.closeTo(
            value,
            1e-6 * Math.max(metric === 'cosine' ? 1 : 0, Math.abs(value)),
          )
      })
    }
  }

  it('finds what PyTorch finds', async function () {
    const python = needTorchvision(this)
    const [dim, m, n, k] = [37, 101, 1009, 20]
    const [queries, references] = [noise(m * dim, 3), noise(n * dim, 4)]
    for (const [name, values] of Object.entries({ queries, references })) {
      await using file = await NpyWriter.create(path(`${name}.npy`), dim)
      await file.append(values)
      await file.commit()
    }
    const script = fileURLToPath(new URL('../interop/nearest.py', import.meta.url))
    runPython(python, script, path('queries.npy'), path('references.npy'), `${k}`, path())
    for (const metric of metrics) {
      const found = await ops.nearest(queries, references, { dim, k, metric })
      const { data } = await readNpy(path(`${metric}.similarities.npy`))
      expect(data).to.have.length(m * k)
      for (const [i, value] of data.entries()) expect(found.similarities[i]).to.be.closeTo(value, 1e-6)
      const indices = readFileSync(path(`${metric}.indices.npy`)).subarray(-4 * m * k)
      expect(found.indices).to.deep.equal(new Uint32Array(new Uint8Array(indices).buffer))
    }
  })

  it('tells near rows apart that lie far from the origin', async () => {
    // |a|² + |b|² - 2ab would have no digit of their distances left in float32.
    for (const [dim, n, k] of [
      [8, 1000, 50],
      [1024, 600, 100],
    ] as const) {
      const references = noise(n * dim, 13).map((value) => 5000 + value / 100)
      const query = references.slice(77 * dim, 78 * dim)
      for (const metric of metrics) {
        const found = await ops.nearest(query, references, { dim, k, metric })
        expect([...found.indices]).to.deep.equal(nearestOf(query, references, k, metric).indices)
      }
    }
  })

  it('tells directions apart that differ in the last digits of float32', async () => {
    const [dim, n, k] = [1024, 600, 100]
    const references = noise(n * dim, 14).map((value) => 1 + value / 300)
    const query = references.slice(77 * dim, 78 * dim)
    const { indices, similarities } = await ops.nearest(query, references, { dim, k })
    const right = nearestOf(query, references, k, 'cosine')
    expect(new Set(right.similarities).size).to.be.within(3, k / 2) // many are equal, and not all
    expect([...indices]).to.deep.equal(right.indices)
    expect([...similarities]).to.deep.equal(right.similarities)
  })

  it('takes rows of zeros as unlike all others', async () => {
    const references = Float32Array.of(0, 0, -1, 1, 1, 1)
    const { indices, similarities } = await ops.nearest(Float32Array.of(1, 1, 0, 0), references, { dim: 2 })
    expect([...indices]).to.deep.equal([2, 0, 1, 0, 1, 2])
    expect([...similarities]).to.deep.equal([1, 0, 0, 0, 0, 0])
  })

  it('answers no queries, and has ten neighbours or as many as there are', async () => {
    const references = noise(12 * 3)
    expect(await ops.nearest(new Float32Array(), references, { dim: 3 })).to.deep.equal({
      indices: new Uint32Array(),
      similarities: new Float32Array(),
      shape: [0, 10],
    })
    expect((await ops.nearest(noise(3), references.slice(0, 6), { dim: 3 })).shape).to.deep.equal([1, 2])
  })

  it('takes memory for a block, not for all pairs', async () => {
    const [dim, m, n] = [4, 4000, 60_000]
    const [queries, references] = [noise(m * dim), noise(n * dim, 2)]
    const most = await mostMemory(() => ops.nearest(queries, references, { dim, k: 3 }))
    expect(most).to.be.below((m * n * 4) / 4) // of 960 MB
  })

  it('takes a copy of the rows and no more, however long they are', async () => {
    const [dim, n] = [1024, 60_000]
    const references = new Float32Array(n * dim).fill(0.5)
    const queries = noise(10 * dim)
    await ops.nearest(queries, queries, { dim, k: 3 })
    const most = await mostMemory(() => ops.nearest(queries, references, { dim, k: 3 }))
    expect(most).to.be.below(1.5 * references.byteLength)
  })

  it('refuses what cannot be answered', async () => {
    const rows = noise(12)
    const spoiled = (at: number, value: number) => rows.with(at, value)
    for (const [call, part] of [
      [
        () => ops.nearest(rows, rows, { dim: 3, k: 5 }),
        'at most the 4 references there are for `k` but received 5',
      ],
      [() => ops.nearest(rows, rows, { dim: 3, k: 0 }), '`k` but received 0'],
      [() => ops.nearest(rows, rows, { dim: 5 }), '`references.length` but received 12'],
      [() => ops.nearest(rows.slice(1), rows, { dim: 3 }), '`queries.length` but received 11'],
      [() => ops.nearest(rows, new Float32Array(), { dim: 3 }), '`references.length` but received 0'],
      [() => ops.nearest([1, 2, 3] as never, rows, { dim: 3 }), 'a Float32Array for `queries`'],
      [
        () => ops.nearest(rows, rows, { dim: 3, metric: 'dot' as never }),
        "'cosine' or 'euclidean' for `metric`",
      ],
      [
        () => ops.nearest(spoiled(4, Number.NaN), rows, { dim: 3 }),
        '`queries` but received NaN or infinity in row 1',
      ],
      [
        () => ops.nearest(rows, spoiled(11, -Infinity), { dim: 3 }),
        '`references` but received NaN or infinity in row 3',
      ],
    ] as const) {
      const error = await rejection(call())
      expect(error).to.have.property('code', 'ERR_SIMCLR_INVALID_ARGUMENT')
      expect(error.message).to.contain(part)
    }
  })
})
