import { expect } from 'chai'
import type { z } from 'zod'
import { listOptions } from '../../lib/config/messages.ts'
import { ops } from '../../lib/ops/index.ts'
import { ntXentOptions } from '../../lib/ops/loss.ts'
import { adamOptions, larsOptions, sgdOptions } from '../../lib/ops/optimizer.ts'
import { resnetOptions } from '../../lib/ops/resnet.ts'
import { randomRows } from './naive.ts'

/** Weights after a step of an optimizer. */
function stepped(step: (variable: { weight: Float64Array; gradient: Float64Array }) => void) {
  const weight = randomRows(12, 1)
  step({ weight, gradient: randomRows(12, 2) })
  return [...weight]
}
const zeros = () => new Float64Array(12)
const moments = () => ({ firstMoment: zeros(), secondMoment: zeros() })

/** What each piece makes with options that the compiler lets be undefined. */
const pieces: Record<string, [z.ZodObject, (options: object) => unknown]> = {
  ntXent: [ntXentOptions, (options) => ops.ntXent(randomRows(48, 3), { dim: 6, ...options })],
  lars: [
    larsOptions,
    (options) =>
      stepped((variable) => {
        ops.lars([{ ...variable, momentum: randomRows(12, 4), excluded: undefined }], 0.1, options)
      }),
  ],
  sgd: [
    sgdOptions,
    (options) =>
      stepped((variable) => {
        ops.sgd([{ ...variable, momentum: randomRows(12, 4), excluded: undefined }], 0.1, options)
      }),
  ],
  adam: [
    adamOptions,
    (options) =>
      stepped((variable) => {
        ops.adam([{ ...variable, ...moments(), excluded: undefined }], 0.1, 1, options)
      }),
  ],
  resnet: [
    resnetOptions,
    async (options) => {
      using net = ops.resnet({ width: 0.125, headDim: 16, ...options })
      const image = { data: randomRows(32 * 32 * 3, 5), shape: [1, 32, 32, 3] }
      return net.forward(image as Parameters<typeof net.forward>[0], { training: undefined })
    },
  ],
}

describe('options of ops', () => {
  for (const [name, [schema, run]] of Object.entries(pieces)) {
    it(`${name}: undefined is the default, which is what the text says`, async () => {
      const usual = await run({})
      for (const { name: option, doc } of listOptions(schema)) {
        if (doc.default === null || option === 'width' || option === 'headDim') continue
        const word = /^[^,;]+/.exec(doc.default)![0]
        const value = /^(true|false|-?[\d.]+(e-?\d+)?)$/.test(word) ? JSON.parse(word) : word
        expect(await run({ [option]: undefined }), option).to.deep.equal(usual)
        expect(await run({ [option]: value }), `${option}: ${word}`).to.deep.equal(usual)
      }
    })
  }
})
