import { readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import { atLeast, atMost, complete, type Figure } from '../../bench/figure.ts'
import { readTuned } from '../../bench/measure/peer.ts'
import { formatFigure, writeTable } from '../../bench/table.ts'
import { temporaryFolder } from '../support/folder.ts'

const rate: Figure = {
  name: 'rate',
  ours: 300,
  peer: 200,
  unit: 'pairs/s',
  ratio: 1.5,
  target: atLeast(1.35),
  share: { of: 'bf16 products', ours: 0.5, peer: 0.25 },
  about: 'something',
  rounds: 3,
  torch: '2.14.1+cpu',
}
const memory: Figure = { ...rate, name: 'memory', unit: 'MB', target: atMost(0.75), rounds: 1, torch: null }

describe('the table of benchmarks', () => {
  const folder = temporaryFolder()

  it('keeps what was not measured this time, in order, and the text around it', async () => {
    const file = folder('performance.md')
    writeFileSync(file, 'before\n<!-- figures -->\n<!-- /figures -->\nafter\n')
    const table = { machine: 'A machine', known: ['memory', 'rate'] }
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
      writeTable(file, { machine, known: ['rate'], figures: [{ ...rate, ours }] })
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
      rows.map((row) => at.map((column) => row.split(' | ')[column]!.replace(/^[\d-]+, /, ''))),
    ).to.deep.equal([
      ['3', 'A with AVX2, median of 3, PyTorch 2.14.1+cpu'],
      ['2', 'A with AVX512, median of 3, PyTorch 2.14.1+cpu'],
    ])
  })

  it('says where a target is missed, and nothing about a peer that was not measured', () => {
    expect(formatFigure(rate)).to.contain('ratio 1.50 (≥ 1.35)').and.not.to.contain('missed')
    expect(formatFigure(memory)).to.contain('(≤ 0.75, missed)')
    const alone = complete({ ...rate, peer: null }, { targets: {}, run: () => expect.fail('measured') })
    expect(formatFigure(alone)).not.to.match(/peer|ratio|missed|PyTorch/)
  })

  it('says how often each figure was measured', () => {
    expect(formatFigure(rate)).to.match(/something; median of 3, PyTorch 2\.14\.1\+cpu$/)
    expect(formatFigure(memory)).to.match(/something; once$/)
  })

  it('takes the peer’s best setting of each precision', () => {
    expect(readTuned(['bf16=2,1', 'fp32=0,2'])).to.deep.equal({
      bf16: { workers: 2, threads: 1 },
      fp32: { workers: 0, threads: 2 },
    })
    for (const wrong of ['2,1', 'bf16=2', 'fp64=2,1', 'bf16=2,0']) {
      expect(() => readTuned([wrong])).to.throw(
        `PRECISION=WORKERS,THREADS, such as bf16=2,1, for --tuned but received ${wrong}`,
      )
    }
  })
})
