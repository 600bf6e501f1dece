import { expect } from 'chai'
import { summarizeSkipped } from '../../lib/data/skipped.ts'
import type { Skipped } from '../../lib/data/types.ts'

describe('what was skipped', () => {
  it('is told in a line, by reason, however much it is', () => {
    const skipped = Array.from({ length: 400_000 }, (_, i): Skipped => {
      return { name: `${i}.jpg`, reason: i % 2 ? 'truncated' : 'empty', detail: '' }
    })
    expect(summarizeSkipped(skipped, 2)).to.equal(
      '200000 empty (0.jpg, 2.jpg, and 199998 more), 200000 truncated (1.jpg, 3.jpg, and 199998 more)',
    )
    expect(summarizeSkipped(skipped.slice(0, 3))).to.equal('2 empty (0.jpg, 2.jpg), 1 truncated (1.jpg)')
  })
})
