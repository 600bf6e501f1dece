import { spawnSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { readCheckpoint } from '../../lib/run/checkpoint.ts'
import { readMetrics } from '../../lib/run/metrics.ts'
import { train } from '../../lib/train.ts'
import { distance } from '../learn/support.ts'
import { temporaryFolder } from '../support/folder.ts'
import { numbers, tiny, tinyFlags } from '../support/tiny.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** SIMCLR_TORCHRUN, or the first on the PATH. */
function findTorchrun(): string | null {
  const paths = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'torchrun'))
  const candidates = process.env.SIMCLR_TORCHRUN ? [process.env.SIMCLR_TORCHRUN] : paths
  return candidates.find(isExecutable) ?? null
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

describe('under torchrun --no-python', function () {
  this.timeout(240_000)
  const path = temporaryFolder()
  const torchrun = findTorchrun()

  before(function () {
    if (torchrun !== null) return
    console.log('      skipped: no torchrun in SIMCLR_TORCHRUN or on the PATH (pip install torch)')
    this.skip()
  })

  const launch = (out: string, options: string[], flags: string[] = []) =>
    spawnSync(
      torchrun!,
      [
        ...['--no-python', '--nproc-per-node', '2', '--rdzv-backend', 'c10d'],
        ...['--rdzv-endpoint', 'localhost:0', ...options],
        ...[process.execPath, '--import', 'tsx', 'lib/cli/main.ts', 'train', ...tinyFlags, '--epochs', '2'],
        ...['--report', 'off', '--checkpoint-every-steps', '1', '--out', out, ...flags],
      ],
      { cwd: root, encoding: 'utf8' },
    )

  it('two ranks make the run that `processes: 2` makes, and write it once', async () => {
    const { status, stderr } = launch(path('torchrun'), [])
    expect(status, stderr).to.equal(0)
    const run = await train({ ...tiny, processes: 2, out: path('children') })
    run.encoder.dispose()
    const tensors = async (name: string) =>
      (await readCheckpoint(path(name, 'checkpoints/step-00000012.safetensors'))).tensors
    expect(distance(await tensors('torchrun'), await tensors('children'))).to.equal(0)
    const metrics = async (name: string) => numbers(await readMetrics(path(name, 'metrics.jsonl')))
    expect(await metrics('torchrun'))
      .to.deep.equal(await metrics('children'))
      .and.have.length(12)
  })

  it('--max-restarts: a rank that dies is started again and the run goes on from its checkpoint', async () => {
    const program = fileURLToPath(new URL('../dist/die-once.sh', import.meta.url))
    const { status, stderr } = spawnSync(
      torchrun!,
      [
        ...['--no-python', '--nproc-per-node', '2', '--max-restarts', '1'],
        ...['--rdzv-backend', 'c10d', '--rdzv-endpoint', 'localhost:0', program, path('died')],
        ...[process.execPath, '--import', 'tsx', 'lib/cli/main.ts', 'train', ...tinyFlags, '--epochs', '2'],
        ...['--report', 'off', '--checkpoint-every-steps', '1', '--out', path('restarted')],
      ],
      { cwd: root, encoding: 'utf8' },
    )
    expect(status, stderr).to.equal(0)
    const tensors = async (name: string) =>
      (await readCheckpoint(path(name, 'checkpoints/step-00000012.safetensors'))).tensors
    expect(distance(await tensors('restarted'), await tensors('torchrun'))).to.equal(0)
  })
})
