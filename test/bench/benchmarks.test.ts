import { spawnSync } from 'node:child_process'
import { expect } from 'chai'
import { known } from '../../bench/benchmarks.ts'
import type { Context } from '../../bench/figure.ts'
import { loop } from '../../bench/figures/loop.ts'
import { packageRoot } from '../../lib/addon/binary.ts'

/** What others ask for by name. */
const names =
  'augment-32 augment-224 jpeg-224 ntxent-1024 ntxent-8192 ntxent-8192-memory step-r18-imagenet-stem step-r18-cifar-stem ' +
  'step-r50-64 step-memory lars-r50 loop-bf16 loop-default loop-memory data-wait shared-core shared-core-peer'

describe('the benchmarks', () => {
  it('are listed by name without measuring anything', () => {
    const { stdout, stderr, status } = spawnSync(
      process.execPath,
      ['--import', 'tsx', 'bench/main.ts', '--list'],
      { cwd: packageRoot, encoding: 'utf8' },
    )
    expect({ stderr, status }).to.deep.equal({ stderr: '', status: 0 })
    const listed = stdout.trim().split('\n')
    expect(listed).to.include.members(names.split(' '))
    expect(listed).to.deep.equal(known)
  })

  it('have a name of its own for each figure', () => {
    expect(new Set(known).size).to.equal(known.length)
  })

  it('say why a figure is left out', async () => {
    const limits = { cores: 1, fp32: 1, bf16: 1, memory: 1 }
    const context: Context = { rounds: 1, peers: null, torch: null, limits, precision: 'fp32', tuned: {} }
    const said: unknown[] = []
    for await (const figure of loop.run(context, (name) => name === 'loop-bf16')) said.push(figure)
    expect(said).to.deep.equal([
      {
        name: 'loop-bf16',
        unit: 'pairs/s',
        reason: 'bf16 is slow on this processor; `--precision bf16` measures it',
      },
    ])
  })
})
