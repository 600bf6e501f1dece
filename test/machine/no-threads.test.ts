import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

describe('where no thread can be started', function () {
  this.timeout(60_000)

  it('every call says so, and what it was called on is as it was', () => {
    const script = fileURLToPath(new URL('no-threads.ts', import.meta.url))
    const said = execFileSync(process.execPath, ['--import', 'tsx', script], { encoding: 'utf8' })
    const { has, ...told } = JSON.parse(said) as Record<string, { code: string; message: string }>
    expect(has).to.equal(false)
    expect(Object.keys(told)).to.have.length(5)
    for (const [name, { code, message }] of Object.entries(told)) {
      expect(code, name).to.equal('ERR_SIMCLR_NATIVE')
      expect(message, name).to.match(/^No thread can be started: .*\. Raise the limit of processes/)
    }
  })
})
