import { execFileSync, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { sharersOf } from '../../lib/launch/cores.ts'

const seats = (...of: [string, string][]) => of.map(([host, cores]) => ({ host, cores }))

describe('cores of ranks', function () {
  this.timeout(30_000)

  it('bound to cores of its own, a rank shares them with nobody', () => {
    const bound = seats(['a', '0-3'], ['a', '4-7'], ['b', '0-3'], ['b', '4-7'])
    for (const rank of [0, 1, 2, 3]) expect(sharersOf(bound, rank, 2)).to.equal(1)
  })

  it('unbound, or all bound to the same, those of one machine share', () => {
    expect(sharersOf(seats(['a', '0-7'], ['a', '0-7'], ['b', '0-7']), 1, 2)).to.equal(2)
    expect(sharersOf(seats(['a', '0,2-3'], ['a', '3'], ['a', '1']), 0, 3)).to.equal(2)
  })

  it('machines of one name: never more than LOCAL_WORLD_SIZE', () => {
    expect(sharersOf(seats(['localhost', '0-7'], ['localhost', '0-7']), 0, 1)).to.equal(1)
  })

  it('where the system does not tell, all of the machine share', () => {
    expect(sharersOf(seats(['a', ''], ['a', '']), 0, 2)).to.equal(2)
    expect(sharersOf(seats(['a', '0-1'], ['a', '']), 0, 2)).to.equal(2)
  })

  it('what taskset binds a process to is its seat', function () {
    if (spawnSync('taskset', ['-c', '0', 'true']).status !== 0) return this.skip()
    const program = `import { ownSeat } from '${fileURLToPath(new URL('../../lib/launch/cores.ts', import.meta.url))}'
      console.log(ownSeat().cores)`
    const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', program]
    expect(execFileSync('taskset', ['-c', '0', ...node], { encoding: 'utf8' }).trim()).to.equal('0')
  })
})
