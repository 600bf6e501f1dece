import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { temporaryFolder } from '../support/folder.ts'

describe('a pack that is cut off while it is mapped', function () {
  this.timeout(60_000)
  const folder = temporaryFolder()

  /** What the uses in a child process came to; rejects where it died. */
  async function outcomes(use: string): Promise<{ code: string | null; message?: string }[]> {
    const args = ['--import=tsx/esm', 'test/data/cut-pack.ts', use, folder(`${use}.pack`), folder(use)]
    const { stdout } = await promisify(execFile)(process.execPath, args)
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
  }

  for (const [use, uses] of [
    ['read', 2],
    ['train', 1],
  ] as const) {
    it(`is an error of whoever uses it, not the end of the process: ${use}`, async () => {
      const all = await outcomes(use)
      expect(all).to.have.length(uses)
      for (const { code, message } of all) {
        expect(code, message).to.equal('ERR_SIMCLR_CORRUPT_FILE')
        expect(message).to.contain(
          `${folder(`${use}.pack`)} to stay as it was opened but bytes of it are gone`,
        )
      }
    })
  }
})
