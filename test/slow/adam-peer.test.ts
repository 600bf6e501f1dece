import { fileURLToPath } from 'node:url'

import { expect } from 'chai'

import { readSafetensors, writeSafetensors } from '../../lib/io/safetensors.ts'
import { tensorFrom, toFloat64 } from '../../lib/io/tensor.ts'
import { type AdamVariable, ops } from '../../lib/ops/index.ts'
import { largestDifference, relativeL2 } from '../../lib/verify/compare.ts'
import { randomRows } from '../ops/naive.ts'
import { temporaryFolder } from '../support/folder.ts'
import { needTorchvision, runPython } from '../support/python.ts'

const script = fileURLToPath(new URL('../interop/adam.py', import.meta.url))
const steps = 20
const sizes = [1, 33, 1000, 40_001]
const rates = Float64Array.from({ length: steps }, (_, step) => 0.003 * (1 + (step % 5)))

describe('Adam and AdamW, beside torch.optim', function () {
  this.timeout(300_000)
  const path = temporaryFolder()
  let python: string

  before(function () {
    python = needTorchvision(this)
  })

  for (const name of ['adam', 'adamw'] as const) {
    for (const Numbers of [Float64Array, Float32Array]) {
      for (const options of [
        { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
        { beta1: 0.8, beta2: 0.95, epsilon: 1e-3, weightDecay: 0.05 },
      ]) {
        it(`${name}, ${Numbers.name}: ${steps} steps, ${JSON.stringify(options)}`, async () => {
          const variables = sizes.map((size, i): AdamVariable & { all: Float32Array | Float64Array } => ({
            weight: Numbers.from(randomRows(size, i + 1)),
            gradient: new Numbers(size),
            firstMoment: new Numbers(size),
            secondMoment: new Numbers(size),
            all: Numbers.from(randomRows(steps * size, 10 + i).map((x) => x * 10 ** (-2 * i))),
          }))
          const [start, end] = [path('start.safetensors'), path('end.safetensors')]
          await writeSafetensors(
            start,
            [
              tensorFrom('lr', [steps], rates),
              ...variables.flatMap(({ weight, all }, i) => [
                tensorFrom(`weight.${i}`, [weight.length], weight),
                tensorFrom(`gradients.${i}`, [steps, weight.length], all),
              ]),
            ],
            {
              name,
              ...Object.fromEntries(Object.entries(options).map(([key, value]) => [key, String(value)])),
            },
          )
          runPython(python, script, start, end)
          for (let step = 0; step < steps; step++) {
            for (const { gradient, all } of variables)
              gradient.set(all.subarray(step * gradient.length, (step + 1) * gradient.length))
            ops[name](variables, rates[step]!, step + 1, options)
          }
          const theirs = new Map(
            (await readSafetensors(end)).tensors.map((tensor) => [tensor.name, toFloat64(tensor)]),
          )
          expect(theirs.size).to.equal(3 * sizes.length)
          for (const [i, { weight, firstMoment, secondMoment }] of variables.entries()) {
            for (const [key, values] of Object.entries({
              weight,
              exp_avg: firstMoment,
              exp_avg_sq: secondMoment,
            })) {
              const expected = theirs.get(`${key}.${i}`)!
              if (Numbers === Float64Array)
                expect(largestDifference(values, expected), `${key} ${i}`).to.be.at.most(1e-12)
              else expect(relativeL2(values, expected), `${key} ${i}`).to.be.at.most(1e-6)
            }
          }
        })
      }
    }
  }
})
