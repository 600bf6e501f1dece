import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder that a suite has for itself; removed after it. Call inside `describe`. */
export function temporaryFolder(): (...parts: string[]) => string {
  let folder: string
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'simclr-test-'))
  })
  after(() => rmSync(folder, { recursive: true, force: true }))
  return (...parts) => join(folder, ...parts)
}
