import { readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import { atLeast, atMost, complete, type Figure, oursAtMost } from '../../bench/figure.ts'
import { formatFigure, writeTable } from '../../bench/table.ts'
import { temporaryFolder } from '../support/folder.ts'

const rate: Figure = {
  name: 'rate',
  ours: 300,
  peer: 200,
  unit: 'pairs/s',
  ratio: 1.5,
  target: atLeast(1.35),
  met: true,
  share: { of: 'bf16 products', ours: 0.5, peer: 0.25 },
  about: 'something',
  rounds: 3,
  torch: '2.14.1+cpu',
}
const memory: Figure = {
  ...rate,
  ...{ name: 'memory', unit: 'MB', target: atMost(0.75), met: false, rounds: 1, torch: null },
}
const code = { libtorch: '2.13.0', commit: 'abc1234' }

describe('the table of benchmarks', () => {
  const folder = temporaryFolder()

  it('keeps what was not measured this time, in order, and the text around it', async () => {
    const file = folder('performance.md')
    writeFileSync(file, 'before\n<!-- figures -->\n<!-- /figures -->\nafter\n')
    const table = { machine: 'A machine', known: ['memory', 'rate'], ...code }
    await writeTable(file, { ...table, figures: [rate] })
    await writeTable(file, { ...table, figures: [{ ...memory, ours: 100 }] })
    await writeTable(file, { ...table, figures: [{ ...memory, ours: 150 }] })
    const text = readFileSync(file, 'utf8')
    expect(text.startsWith('before\n<!-- figures -->\n')).to.equal(true)
    expect(text.endsWith('<!-- /figures -->\nafter\n')).to.equal(true)
    const rows = text.split('\n').filter((line) => line.startsWith('| `'))
    expect(rows.map((row) => row.split(' | ').slice(0, 7))).to.deep.equal([
      ['| `memory`', '150', '200', 'MB', '1.50', '≤ 0.75 ✗', '50 %, 25 % of bf16 products'],
      ['| `rate`', '300', '200', 'pairs/s', '1.50', '≥ 1.35 ✓', '50 %, 25 % of bf16 products'],
    ])
  })

  it('has a row for each machine, which a later measurement there replaces', async () => {
    const file = folder('machines.md')
    writeFileSync(file, '<!-- figures -->\n<!-- /figures -->\n')
    const measured = (machine: string, ours: number) =>
      writeTable(file, { machine, known: ['rate'], figures: [{ ...rate, ours }], ...code })
    await measured('A with AVX2, 2 cores', 1)
    await measured('A with AVX512, 2 cores', 2)
    await measured('A with AVX2, 4 cores', 3)
    const lines = readFileSync(file, 'utf8').split('\n')
    const [head, ...rows] = lines.filter((line) => line.startsWith('| '))
    const at = ['ours', 'measured'].map((column) => head!.split(' | ').indexOf(column))
    expect(lines.filter((line) => line.startsWith('- '))).to.deep.equal([
      '- A with AVX2, 4 cores',
      '- A with AVX512, 2 cores',
    ])
    expect(
      rows.map((row) => at.map((column) => row.split(' | ')[column]!.replace(/^[\d-]+ /, ''))),
    ).to.deep.equal([
      ['3', '(abc1234), A with AVX2, median of 3, LibTorch 2.13.0, PyTorch 2.14.1+cpu'],
      ['2', '(abc1234), A with AVX512, median of 3, LibTorch 2.13.0, PyTorch 2.14.1+cpu'],
    ])
  })

  it('says where a target is missed, and nothing about a peer that was not measured', () => {
    expect(formatFigure(rate)).to.contain('ratio 1.50 (≥ 1.35)').and.not.to.contain('missed')
    expect(formatFigure(memory)).to.contain('(≤ 0.75, missed)')
    const alone = complete({ ...rate, peer: null }, { targets: {}, run: () => expect.fail('measured') })
    expect(formatFigure(alone)).not.to.match(/peer|ratio|missed|PyTorch/)
  })

  it('holds ours alone to some targets, with a peer or without', () => {
    const measured = { ...rate, name: 'wait', ours: 2.5 }
    const benchmark = {
      targets: { wait: oursAtMost(2), rate: atLeast(1.35) },
      run: () => expect.fail('measured'),
    }
    for (const peer of [200, null]) {
      expect(complete({ ...measured, peer }, benchmark).met).to.equal(false)
      expect(complete({ ...measured, peer, ours: 2 }, benchmark).met).to.equal(true)
      expect(complete({ ...rate, peer }, benchmark).met).to.equal(peer === null ? null : true)
    }
    expect(formatFigure(complete(measured, benchmark))).to.contain('(ours ≤ 2, missed)')
    expect(complete({ ...rate, name: 'other' }, benchmark).met).to.equal(null)
  })

  it('says how often each figure was measured', () => {
    expect(formatFigure(rate)).to.match(/something; median of 3, PyTorch 2\.14\.1\+cpu$/)
    expect(formatFigure(memory)).to.match(/something; once$/)
  })
})
