import { spawnSync } from 'node:child_process'
import { expect } from 'chai'
import { packageRoot } from '../../lib/addon/binary.ts'
import { testSteps } from '../../scripts/gpu/steps.mjs'
import { temporaryFolder } from '../support/folder.ts'

describe('what the GPU script runs of the command line', () => {
  const folder = temporaryFolder()

  it('is known to it, and fails without a GPU, or without the run before', function () {
    this.timeout(60_000)
    const steps: { name: string; command: string[] }[] = testSteps({ folder: folder() })
    const ours = steps.filter(({ command }) => command.includes('lib/cli/main.ts'))
    expect(ours.map(({ name }) => name)).to.deep.equal(['golden', 'training', 'evaluation'])
    for (const { name, command } of ours) {
      const [program, ...args] = command
      const { status, stderr } = spawnSync(program!, args, { cwd: packageRoot, encoding: 'utf8' })
      expect(status, `${name}: ${stderr}`).to.equal(1)
      if (name !== 'golden') expect(stderr, name).to.match(/ERR_SIMCLR_(DEVICE|IO)/)
    }
  })
})
