import { expect } from 'chai'
import { run } from '../../lib/cli/program.ts'
import { train } from '../../lib/train.ts'
import { temporaryFolder } from '../support/folder.ts'
import { tiny } from '../support/tiny.ts'

describe('simclr watch', () => {
  const path = temporaryFolder()

  it('ends where it is interrupted before it listens', async () => {
    ;(await train({ ...tiny, epochs: 1, out: path('run') })).encoder.dispose()
    const before = process.listenerCount('SIGTERM')
    const code = run(['watch', path('run')])
    expect(process.listenerCount('SIGTERM')).to.equal(before + 1)
    process.emit('SIGTERM') // what a signal does; its own listener is not there yet
    expect(await code).to.equal(0)
  })
})
