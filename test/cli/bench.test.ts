import { expect } from 'chai'
import { simclr } from '../support/cli.ts'

describe('simclr bench', function () {
  this.timeout(120_000)

  it('tells every stage, the share of making views, and what limits', async () => {
    const flags = ['--arch', 'resnet18', '--width', '0.125', '--image-size', '16', '--batch-size', '8']
    const { code, stdout, stderr } = await simclr(['bench', ...flags, '--precision', 'fp32', '--json'])
    expect([code, stderr]).to.satisfy(([c, s]: [number, string]) => c === 0 && s.includes('limits training'))
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    const stages = lines.filter(({ type }) => type === 'stage')
    expect(stages.map(({ name }) => name)).to.deep.equal([
      'products fp32',
      'products bf16',
      'copies',
      'decode',
      'augment',
      'step',
    ])
    for (const { name, value } of stages) expect(value, name).to.be.above(0)
    const { limit, augmentShare } = lines.at(-1)
    expect(augmentShare).to.be.above(0).and.below(1)
    const rate = (name: string) => stages.find((stage) => stage.name === name).value
    // The share is what it says: views alone could be made so much faster than whole steps.
    expect(rate('step') / rate('augment')).to.be.closeTo(augmentShare, 1e-9)
    expect(limit.streamed === 'decode').to.equal(rate('decode') < rate('step'))
  })

  it('refuses what train() would refuse', async () => {
    const { code, stdout } = await simclr(['bench', '--arch', 'resnet19', '--json'])
    expect([code, JSON.parse(stdout).code]).to.deep.equal([2, 'ERR_SIMCLR_INVALID_ARGUMENT'])
  })
})
