import { readFileSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { readMetrics } from '../../lib/run/metrics.ts'
import { train } from '../../lib/train.ts'
import { readCheckpoint } from '../../lib/weights/checkpoint.ts'
import { SlurmCluster } from '../dist/slurm.ts'
import { distance } from '../learn/support.ts'
import { simclrMain } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { numbers, tiny, tinyFlags } from '../support/tiny.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

describe('under SLURM', function () {
  this.timeout(300_000)
  let cluster: SlurmCluster | undefined
  after(() => cluster?.stop()) // before its folder goes
  const path = temporaryFolder()
  const clusterFolder = temporaryFolder()

  before(async function () {
    let lack = SlurmCluster.lacks()
    if (lack === null) {
      cluster = await SlurmCluster.start(clusterFolder()).catch((error: Error) => {
        lack = `SLURM itself does not work here: ${error.message}`
        return undefined
      })
    }
    if (lack !== null) {
      console.log(`      skipped: ${lack}`)
      return this.skip()
    }
    const run = await train({ ...tiny, processes: 2, out: path('children') })
    run.encoder.dispose()
  })

  const command = (out: string) => [
    ...[process.execPath, simclrMain, 'train', ...tinyFlags, '--epochs', '2'],
    ...['--report', 'off', '--checkpoint-every-steps', '1', '--out', out],
  ]

  /** The run in folder `name` has the bits of the one that `processes: 2` made, and was written once. */
  async function expectSameRun(name: string): Promise<void> {
    const tensors = async (run: string) =>
      (await readCheckpoint(path(run, 'checkpoints/step-00000012.safetensors'))).tensors
    expect(distance(await tensors(name), await tensors('children'))).to.equal(0)
    const metrics = async (run: string) => numbers(await readMetrics(path(run, 'metrics.jsonl')))
    expect(await metrics(name))
      .to.deep.equal(await metrics('children'))
      .and.have.length(12)
  }

  it('srun starts two ranks that make the run that `processes: 2` makes', async () => {
    const { status, stderr } = cluster!.run('srun', ['--ntasks', '2', ...command(path('srun'))], root)
    expect(status, stderr + cluster!.log()).to.equal(0)
    await expectSameRun('srun')
  })

  it('a batch job that lost a rank is requeued and goes on from its checkpoint', async () => {
    const script = `#!/bin/bash
#SBATCH --ntasks=2 --requeue --output=${path('job.log')} --open-mode=append
once=${fileURLToPath(new URL('../dist/die-once.sh', import.meta.url))}
srun "$once" ${command(path('job')).join(' ')} && exit
[ $? = 130 ] && exit 130
exit 1
`
    writeFileSync(path('job.sh'), script)
    const submitted = cluster!.run('sbatch', ['--parsable', path('job.sh')], root)
    expect(submitted.status, submitted.stderr).to.equal(0)
    const id = submitted.stdout.trim()
    const state = () => cluster!.run('scontrol', ['show', 'job', id]).stdout
    while (!/JobState=(COMPLETED|FAILED|CANCELLED|TIMEOUT)/.test(state())) await sleep(500)
    const log = readFileSync(path('job.log'), 'utf8')
    expect(state(), log + cluster!.log()).to.match(/JobState=COMPLETED.*Restarts=1/s)
    await expectSameRun('job')
  })
})
