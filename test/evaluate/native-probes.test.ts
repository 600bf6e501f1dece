import { fileURLToPath } from 'node:url'

import { expect } from 'chai'

import { readSafetensors } from '../../lib/io/safetensors.ts'
import { toFloat32, toFloat64 } from '../../lib/io/tensor.ts'
import { ops } from '../../lib/ops/index.ts'
import { rejection } from '../support/rejection.ts'

// Made by test/fixtures/probes.py with PyTorch.
const fixture = new Map(
  (
    await readSafetensors(fileURLToPath(new URL('../fixtures/probes.safetensors', import.meta.url)))
  ).tensors.map((tensor) => [tensor.name, tensor]),
)
const floats = (name: string) => toFloat32(fixture.get(name)!)
const classesIn = (name: string) => Int32Array.from(toFloat64(fixture.get(name)!))

const dim = fixture.get('bank')!.shape[1]!
const bank = floats('bank')
const labels = classesIn('bank_labels')
const queries = floats('queries')

function agreement(a: Int32Array, b: Int32Array): number {
  return a.filter((value, i) => value === b[i]).length / b.length
}

describe('kNN', () => {
  for (const [k, temperature] of [
    [20, 0.1],
    [5, 0.07],
  ] as const) {
    it(`predicts what PyTorch predicts, k ${k}, temperature ${temperature}`, async () => {
      const predicted = await ops.knn(bank, labels, queries, { dim, k, temperature })
      expect(agreement(predicted, classesIn(`knn_${k}_${temperature}`))).to.equal(1)
    })
  }

  it('is right by hand: two near rows of one class outvote a nearer one of another', async () => {
    const rows = Float32Array.of(1, 0, 0.9, 0.3, 0.9, -0.3)
    const query = Float32Array.of(2, 0)
    const predict = (k: number, temperature: number) =>
      ops.knn(rows, Int32Array.of(0, 1, 1), query, { dim: 2, k, temperature })
    expect([...(await predict(3, 0.1))]).to.deep.equal([1]) // e^10 < 2 e^9.49
    expect([...(await predict(3, 0.05))]).to.deep.equal([0]) // e^20 > 2 e^18.97
    expect([...(await predict(1, 0.1))]).to.deep.equal([0])
    // e^1000 is infinite, and so would be the votes of both classes.
    const cold = { dim: 2, k: 3, temperature: 0.001 }
    expect([...(await ops.knn(rows, Int32Array.of(1, 0, 0), query, cold))]).to.deep.equal([1])
  })

  it('takes k above the number of rows as all of them', async () => {
    const predicted = await ops.knn(Float32Array.of(1, 0), Int32Array.of(3), Float32Array.of(0, 1), {
      dim: 2,
    })
    expect([...predicted]).to.deep.equal([3])
  })

  it('gives the same for many queries as for each alone', async () => {
    // More similarities than are held at a time.
    const rows = 60_000
    const many = new Float32Array(rows * dim)
    for (let i = 0; i < many.length; i++) many[i] = bank[i % bank.length]!
    const manyLabels = Int32Array.from({ length: rows }, (_, i) => labels[i % labels.length]!)
    const all = await ops.knn(many, manyLabels, queries, { dim, k: 300 })
    const last = await ops.knn(many, manyLabels, queries.slice(-dim), { dim, k: 300 })
    expect(all.at(-1)).to.equal(last[0])
    expect(all.length).to.equal(queries.length / dim)
  })
})

describe('linear probe', () => {
  it('predicts what PyTorch predicts', async () => {
    const predicted = await ops.linearProbe(bank, labels, queries, { dim })
    // PyTorch starts from random weights and stops at a tolerance: the last digits are its own.
    expect(agreement(predicted, classesIn('linear'))).to.be.at.least(0.99)
  })

  it('is repeatable and indifferent to shift and scale of a feature', async () => {
    const once = await ops.linearProbe(bank, labels, queries, { dim })
    expect(await ops.linearProbe(bank, labels, queries, { dim })).to.deep.equal(once)
    const changed = (rows: Float32Array) => rows.map((x, i) => (i % dim === 3 ? 1000 * x - 5 : x))
    const other = await ops.linearProbe(changed(bank), labels, changed(queries), { dim })
    expect(agreement(other, once)).to.be.at.least(0.99)
  })

  it('knows the class of a single row', async () => {
    const row = Float32Array.of(1, 2)
    expect([...(await ops.linearProbe(row, Int32Array.of(3), row, { dim: 2 }))]).to.deep.equal([3])
  })

  it('separates what is separable and survives a constant feature', async () => {
    const rows = Float32Array.of(0, 7, 1, 7, 10, 7, 11, 7)
    const predicted = await ops.linearProbe(rows, Int32Array.of(0, 0, 1, 1), Float32Array.of(2, 7, 9, 7), {
      dim: 2,
    })
    expect([...predicted]).to.deep.equal([0, 1])
  })
})

describe('probes do not read what they were given any more', () => {
  const calls = {
    nearest: (asked: Float32Array, rows: Float32Array) => ops.nearest(asked, rows, { dim }),
    knn: (rows: Float32Array, asked: Float32Array) => ops.knn(rows, labels, asked, { dim }),
    'linear probe': (rows: Float32Array, asked: Float32Array) =>
      ops.linearProbe(rows, labels, asked, { dim }),
  }
  for (const [name, predict] of Object.entries(calls)) {
    it(`${name}: another thread may have the memory, and change it`, async () => {
      const expected = await predict(bank, queries)
      const given = [bank.slice(), queries.slice()] as const
      // They take turns on one thread: the second still waits when its memory goes.
      const calls = [predict(bank, queries), predict(...given)]
      for (const { buffer } of given) {
        new Float32Array(structuredClone(buffer, { transfer: [buffer] })).fill(Number.NaN)
      }
      expect(given[0]).to.have.length(0)
      expect(await Promise.all(calls)).to.deep.equal([expected, expected])
    })
  }
})

describe('probes refuse', () => {
  const notFinite = (rows: Float32Array, at: number, value: number) => {
    const out = rows.slice()
    out[at] = value
    return out
  }
  const cases: [string, () => Promise<unknown>, RegExp][] = [
    ['rows that are not whole', () => ops.knn(bank, labels, queries, { dim: 23 }), /whole rows/],
    ['a label too few', () => ops.knn(bank, labels.slice(1), queries, { dim }), /one label/],
    [
      'a label outside the classes',
      () => ops.knn(bank, labels, queries, { dim, classes: 6 }),
      /from 0 to 5 for `labels\[\d+\]`/,
    ],
    ['k = 0', () => ops.knn(bank, labels, queries, { dim, k: 0 }), /`k`/],
    [
      'NaN among features',
      () => ops.knn(notFinite(bank, 2 * dim + 1, Number.NaN), labels, queries, { dim }),
      /finite numbers for `features` but received NaN or infinity in row 2/,
    ],
    [
      'infinity among queries',
      () => ops.linearProbe(bank, labels, notFinite(queries, dim, Number.NEGATIVE_INFINITY), { dim }),
      /`queries`.*row 1/,
    ],
    [
      'no rows',
      () => ops.linearProbe(new Float32Array(0), new Int32Array(0), queries, { dim }),
      /whole rows/,
    ],
  ]
  for (const [what, call, message] of cases) {
    it(what, async () => {
      const error = await rejection(call())
      expect(error).to.have.property('code', 'ERR_SIMCLR_INVALID_ARGUMENT')
      expect(error.message).to.match(message)
    })
  }
})
