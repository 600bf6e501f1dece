import { fileURLToPath } from 'node:url'

import { expect } from 'chai'

import { verifyFolder } from '../../lib/verify/verify.ts'
import { temporaryFolder } from '../support/folder.ts'
import { needTorchvision, runPython } from '../support/python.ts'

const script = fileURLToPath(new URL('../interop/golden.py', import.meta.url))

describe('golden files that PyTorch writes, of other networks, sizes, seeds and temperatures', function () {
  this.timeout(600_000)
  const folder = temporaryFolder()
  let python: string

  before(function () {
    python = needTorchvision(this)
  })

  for (const [convention, depth, multiplier, stem, height, width, rows, seed, temperature] of [
    ['torch', 34, 1, 'imagenet', 37, 45, 6, 9, 0.3],
    ['torch', 101, 1, 'cifar', 24, 20, 4, 4, 0.07],
    ['torch', 152, 1, 'imagenet', 64, 50, 4, 2, 0.5],
    ['torch', 18, 2, 'cifar', 17, 16, 6, 8, 0.2],
    ['paper', 34, 1, 'imagenet', 36, 50, 6, 9, 0.3],
    ['paper', 18, 1, 'cifar', 21, 28, 6, 5, 1],
    ['paper', 101, 1, 'imagenet', 65, 48, 4, 3, 0.1],
  ] as const) {
    it(`${convention} ResNet-${depth}, width ${multiplier}, ${stem} stem, ${height} x ${width}`, async () => {
      const path = folder()
      const settings = [depth, multiplier, stem, height, width, rows, seed, temperature].map(String)
      runPython(python, script, path, convention, ...settings)
      const quantities = await verifyFolder(path, { only: `resnet_${convention}_r${depth}w${multiplier}_` })
      expect(quantities.filter(({ pass }) => !pass)).to.deep.equal([])
      expect(quantities.length).to.be.greaterThan(300)
    })
  }
})
