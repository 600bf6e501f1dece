import { expect } from 'chai'
import type { Comparison } from '../../lib/evaluate/compare.ts'
import { simclr } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

describe('the sample, a third of its epochs', function () {
  this.timeout(1_800_000)
  const path = temporaryFolder()

  it('teaches what neither pixels nor an untrained encoder know', async () => {
    const { code, stdout, stderr } = await simclr([
      ...['train', '--preset', 'sample', '--epochs', '4', '--out', path('run'), '--json'],
    ])
    expect(code, stderr).to.equal(0)
    const { probes } = JSON.parse(stdout.trimEnd().split('\n').at(-1)!) as { probes: Comparison }
    for (const probe of ['knn', 'linear'] as const) {
      const { raw, random, trained } = probes
      expect(trained[probe], `${probe}, beside raw pixels`).to.be.above(raw[probe] + 0.15)
      expect(trained[probe], `${probe}, beside an untrained encoder`).to.be.above(random[probe] + 0.15)
    }
  })
})
