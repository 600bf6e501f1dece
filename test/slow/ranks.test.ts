import { expect } from 'chai'
import { compute } from '../dist/compute.ts'
import { both, expectClose, expectExact, recipes, sgd, travelled, workOf } from '../dist/exact.ts'

/**
 * Rates at which training is stable: where it diverges, rounding grows with it, whoever adds up (SGD at 0.02 with the
 * paper's loss, which is twice torch's at a fifth of the temperature: 2e-6 of the way between shards of one process too).
 */
const rate = { torch: { lars: 0.1, sgd: 0.02 }, paper: { lars: 0.1, sgd: 0.002 } } as const

describe('processes against one, in full', function () {
  this.timeout(240_000)

  for (const recipe of ['torch', 'paper'] as const) {
    for (const ranks of [1, 2, 3, 4]) {
      const shards = Array.from({ length: ranks }, () => 1)

      it(`${recipe}: one step, W = ${ranks}`, () => expectExact(workOf(recipes[recipe], shards)))

      it(`${recipe}: one step in fp32, W = ${ranks}`, () => expectClose(workOf(recipes[recipe], shards)))

      for (const optimizer of ['lars', 'sgd'] as const) {
        it(`${recipe}, ${optimizer}: 20 steps, smaller batches among them, W = ${ranks}, within 1e-6 of the way travelled`, async () => {
          const spec = { ...recipes[recipe], optimizer: optimizer === 'sgd' ? sgd : recipes.paper.optimizer! }
          const work = workOf(spec, shards, { steps: 20, lr: rate[recipe][optimizer] })
          const start = await compute(work.spec, { ...work, steps: 0 })
          const { one, ranks: others } = await both(work)
          const way = travelled(one.state, start.state)
          expect(way).to.be.greaterThan(1e-2)
          for (const { state } of others) expect(travelled(one.state, state)).to.be.below(1e-6 * way)
        })
      }
    }
  }
})
