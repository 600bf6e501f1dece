import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'

describe('npm run build', () => {
  it('does and says nothing where nothing has changed', () => {
    // `npm test` has just built what these tests run on.
    const script = fileURLToPath(new URL('../../scripts/bootstrap.mjs', import.meta.url))
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, 'build'], { encoding: 'utf8' })
    expect({ status, stdout, stderr }).to.deep.equal({ status: 0, stdout: '', stderr: '' })
  })
})
