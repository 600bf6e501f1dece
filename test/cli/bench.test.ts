import { expect } from 'chai'
import { limitOf } from '../../lib/bench/bench.ts'
import { simclr } from '../support/cli.ts'

describe('simclr bench', function () {
  this.timeout(120_000)

  it('tells every stage, the share of making views, and what limits', async () => {
    const flags = [
      '--arch',
      'resnet18',
      '--width',
      '0.125',
      '--image-size',
      '16',
      '--batch-size',
      '8',
      '--threads',
      '2',
    ]
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
    const rates = { decode: rate('decode'), step: rate('step'), augmentShare }
    expect(limit).to.deep.equal(limitOf(rates, { threads: 2, device: 'cpu' }))
  })

  it('compares the threads that decode with those that compute, where images are streamed', () => {
    // One of four decodes: 1,000 images a second become 250, 300 pairs 225, and 400 pairs 300.
    const of = (step: number, threads: number, device = 'cpu', decode = 1000) =>
      limitOf({ decode, step, augmentShare: 0.2 }, { threads, device }).streamed
    expect([of(300, 4), of(400, 4)]).to.deep.equal(['step', 'decode'])
    // One of two, and one by turns: as fast as they are with all.
    for (const threads of [1, 2])
      expect([of(900, threads), of(1100, threads)]).to.deep.equal(['step', 'decode'])
    // Steps of a GPU are as fast beside those that decode.
    expect([of(240, 4, 'cuda:0'), of(260, 4, 'cuda:0')]).to.deep.equal(['step', 'decode'])
    const views = limitOf({ decode: 1000, step: 300, augmentShare: 0.6 }, { threads: 4, device: 'cpu' })
    expect(views).to.deep.equal({ stored: 'augment', streamed: 'augment' })
  })

  it('refuses what train() would refuse', async () => {
    const { code, stdout } = await simclr(['bench', '--arch', 'resnet19', '--json'])
    expect([code, JSON.parse(stdout).code]).to.deep.equal([2, 'ERR_SIMCLR_INVALID_ARGUMENT'])
  })
})
