import { execFileSync } from 'node:child_process'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import { SimclrError } from '../../lib/addon/errors.ts'
import { train } from '../../lib/train.ts'
import { newestCheckpoint } from '../../lib/weights/checkpoint.ts'
import { temporaryFolder } from '../support/folder.ts'
import { mountTmpfs } from '../support/mount.ts'
import { tiny } from '../support/tiny.ts'

describe('disks', function () {
  this.timeout(120_000)
  const mounted: string[] = []
  after(() => {
    for (const folder of mounted) execFileSync('umount', [folder])
  })
  const path = temporaryFolder() // its own clean-up comes after the one above

  it('that fill up stop the run with a clear error; what was written is whole and goes on once there is room', async function () {
    if (!mountTmpfs(path('small'), 'size=18m')) return this.skip()
    mounted.push(path('small'))
    const ballast = path('small', 'ballast')
    writeFileSync(ballast, new Uint8Array(5 << 20))
    const options = {
      ...tiny,
      checkpoint: { everySeconds: null, everySteps: 1, keep: 20 },
      out: path('small', 'run'),
    }
    const error = await train(options).catch((thrown) => thrown)
    expect(error).to.be.instanceOf(SimclrError).with.property('code', 'ERR_SIMCLR_IO')
    expect(error.message)
      .to.match(/Could not write .*ENOSPC/)
      .and.contain('Earlier checkpoints are untouched')
    const checkpoint = await newestCheckpoint(path('small', 'run', 'checkpoints'), () =>
      expect.fail('damaged'),
    )
    expect(checkpoint!.step).to.be.below(12)
    expect(
      readdirSync(path('small', 'run', 'checkpoints')).filter((name) => name.endsWith('.tmp')),
    ).to.deep.equal([])

    rmSync(ballast)
    for (const name of readdirSync(path('small', 'run', 'checkpoints'))
      .sort()
      .slice(0, -1)) {
      rmSync(path('small', 'run', 'checkpoints', name))
    }
    const once = { everySteps: null, keep: 1 }
    const run = await train({ checkpoint: once, report: false, out: path('small', 'run') })
    run.encoder.dispose()
    expect(run.history).to.have.length(2)
  })

  it('that are read-only are an error before anything starts', async function () {
    if (!mountTmpfs(path('fixed'), 'size=1m,ro')) return this.skip()
    mounted.push(path('fixed'))
    const error = await train({ ...tiny, out: path('fixed', 'run') }).catch((thrown) => thrown)
    expect(error).to.be.instanceOf(SimclrError).with.property('code', 'ERR_SIMCLR_IO')
    expect(error.message).to.contain('EROFS').and.contain('Choose another `out`')
  })
})
