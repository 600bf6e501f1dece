import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { expect } from 'chai'

import type { Quantity } from '../../lib/verify/verify.ts'
import { gradientRow, type Measurement, rowsOf } from '../../scripts/exactness/measure.ts'
import { renderPage } from '../../scripts/exactness/page.ts'
import { fingerprint, type Mutant, type MutantResult } from '../mutants/mutant.ts'
import { mutants as table } from '../mutants/table.ts'
import { goldenQuantities } from './quantities.ts'

const text = (file: string) => readFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), 'utf8')
const page = text('docs/exactness.md')
const measured = JSON.parse(text('docs/exactness.json')) as Measurement
const mutants = JSON.parse(text('test/mutants/results.json')) as MutantResult[]

const golden = Object.keys(goldenQuantities)

describe('docs/exactness.md', () => {
  it('is what was measured and what the mutants showed; if not: npm run docs:exactness', () => {
    expect(renderPage(page, measured, mutants, golden)).to.equal(page)
  })

  it('shows every quantity of the golden files of the repository, none beyond its tolerance, and what is not measured yet', () => {
    for (const [file, count] of Object.entries(goldenQuantities)) {
      const own = measured.rows.filter((row) => row.file === file)
      if (own.length === 0) expect(page).to.match(new RegExp(`Not measured yet: .*${file}`))
      else
        expect(
          own.reduce((sum, row) => sum + row.count, 0),
          file,
        ).to.equal(count)
    }
    expect(measured.rows.filter(({ failed }) => failed > 0)).to.deep.equal([])
  })

  it('names the machine of each golden file', () => {
    const files = [...new Set(measured.rows.map(({ file }) => file))]
    expect(Object.keys(measured.machines).sort()).to.deep.equal(files.toSorted())
    const [here, there] = [files[0]!, files.at(-1)!]
    const machines = { ...measured.machines, [there]: 'Another (AVX2), LibTorch 2.13.0' }
    const moved = renderPage(page, { ...measured, machines }, mutants, golden)
    const name = (file: string) => file.replace('.json', '')
    expect(moved).to.contain(`- Another (AVX2), LibTorch 2.13.0: ${name(there)}\n`)
    expect(moved).to.contain(`- ${machines[here]}: ${name(here)},`)
  })

  it('shows another page for another measurement', () => {
    const [first, ...rest] = measured.rows
    const count = first!.count + 1
    expect(
      renderPage(page, { ...measured, rows: [{ ...first!, count }, ...rest] }, mutants, golden),
    ).not.to.equal(page)
    const [mutant] = table as [Mutant]
    const { trap, mistake, file, test } = mutant
    const found = { fingerprint: fingerprint(mutant), failed: [], testHash: '' }
    const survivor = { trap, mistake, file, test, ...found }
    expect(renderPage(page, measured, [survivor], golden)).to.contain('1 **not caught**')
  })
})

describe('what is measured, condensed', () => {
  const quantity = (name: string, error: number | null, tolerance = 1e-3): Quantity => ({
    file: 'resnet_x.json',
    quantity: name,
    error,
    tolerance,
    pass: error !== null && error <= tolerance,
  })

  it('keeps, of each kind and arithmetic, what comes nearest to its tolerance', () => {
    const rows = rowsOf([
      quantity('features_eval fp32', 1e-4),
      quantity('eval group1 fp32', 9e-6, 1e-5),
      quantity('features_eval fp64', 1e-9),
      quantity('grad a fp32', 4e-2, 5e-2),
      quantity('grad a fp32, sums in fp64', 1.234e-5),
      quantity('grad b fp32, sums in fp64', null),
    ])
    expect(rows.map(({ kind, count, failed }) => [kind, count, failed])).to.deep.equal([
      ['evaluation: features, groups, heads', 3, 0],
      ['gradients by variable', 3, 1],
    ])
    expect(rows[0]!.worst.fp32).to.include({ quantity: 'eval group1 fp32', error: 9e-6 })
    expect(rows[1]!.worst['fp32, sums in fp64']).to.include({ error: null, pass: false })
  })

  it("compares float32 gradients with the original's own", () => {
    const file = {
      tolerances: { gradient_per_variable: 1e-3 },
      float32_run_error: { grad_worst_variable: 0.013 },
    }
    const quantities = [
      quantity('grad a fp32', 4e-3, 5e-2),
      quantity('grad b fp32', 4e-4, 5e-2),
      quantity('grad a fp32, sums in fp64', 2e-5),
      quantity('grad a fp64', 1e-9),
    ]
    expect(gradientRow('x', quantities, file)).to.deep.equal({
      file: 'x',
      asked: 1e-3,
      original: 0.013,
      ours: 4e-3,
      beyond: 1,
      variables: 2,
      exactSums: 2e-5,
    })
    expect(gradientRow('x', quantities, {})).to.equal(undefined)
  })
})
