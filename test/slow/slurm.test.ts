import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { readMetrics } from '../../lib/run/metrics.ts'
import { train } from '../../lib/train.ts'
import { readCheckpoint } from '../../lib/weights/checkpoint.ts'
import { heldUp } from '../dist/holding-up.ts'
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

  let stopped = ''

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
    stopped = cluster!.submit(stoppedJob(), root) // SLURM looks at time limits twice a minute: tests go on meanwhile
    const run = await train({ ...tiny, processes: 2, out: path('children') })
    run.encoder.dispose()
  })

  const command = (out: string, more: string[] = ['--checkpoint-every-steps', '1']) => [
    ...[process.execPath, simclrMain, 'train', ...tinyFlags, '--epochs', '2'],
    ...['--report', 'off', ...more, '--out', path(out)],
  ]

  /**
   * A job that SLURM asks to stop 10 to 40 s after its start, well before its steps end: the first attempt is slow from the fifth
   * on. It asks for itself again.
   */
  function stoppedJob(): string {
    const { NODE_OPTIONS, SIMCLR_TEST_HOLD_UP } = heldUp({
      ...{ rank: 1, method: 'step', from: 4, milliseconds: 6000 },
    })
    return jobOf(
      'stopped',
      '--time=1 --signal=TERM@20',
      `[ "\${SLURM_RESTART_COUNT:-0}" = 0 ] && export NODE_OPTIONS='${NODE_OPTIONS}' SIMCLR_TEST_HOLD_UP='${SIMCLR_TEST_HOLD_UP}'
srun ${command('stopped', ['--json']).join(' ')} && exit
[ $? = 130 ] && exec scontrol requeue $SLURM_JOB_ID
exit 1`,
    )
  }

  /** A script of two nodes with a rank each. */
  function jobOf(name: string, options: string, lines: string): string {
    const file = path(`${name}.sh`)
    const log = path(`${name}.log`)
    writeFileSync(
      file,
      `#!/bin/bash
#SBATCH --nodes=2 --ntasks-per-node=1 --requeue --open-mode=append --output=${log} ${options}
${lines}
`,
    )
    return file
  }

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

  for (const [name, options] of [
    ['one-node', ['--nodes', '1', '--ntasks', '2', '--cpu-bind=cores']],
    ['two-nodes', ['--nodes', '2', '--ntasks-per-node', '1']],
  ] as const) {
    it(`srun ${options.join(' ')} starts two ranks that make the run that \`processes: 2\` makes`, async () => {
      const { status, stderr } = cluster!.run('srun', [...options, ...command(name)], root)
      expect(status, stderr + cluster!.log()).to.equal(0)
      await expectSameRun(name)
    })
  }

  it('--cpu-bind=cores: each rank may run on a core of its own', () => {
    const words = [
      '--nodes',
      '1',
      '--ntasks',
      '2',
      '--cpu-bind=cores',
      'grep',
      'Cpus_allowed_list',
      '/proc/self/status',
    ]
    const { stdout, stderr } = cluster!.run('srun', words)
    expect(new Set(stdout.trim().split('\n')), stderr).to.have.property('size', 2)
  })

  it('a batch job of two nodes that lost a rank is requeued and goes on from its checkpoint', async () => {
    const once = fileURLToPath(new URL('../dist/die-once.sh', import.meta.url))
    const script = jobOf(
      'lost',
      '',
      `srun ${once} ${command('lost').join(' ')} && exit
[ $? = 130 ] && exit 130
exit 1`,
    )
    const state = await cluster!.ended(cluster!.submit(script, root))
    const log = readFileSync(path('lost.log'), 'utf8')
    expect(state, log + cluster!.log()).to.match(/JobState=COMPLETED.*Restarts=1/s)
    await expectSameRun('lost')
  })

  it('a batch job that is asked to stop before its time limit writes a checkpoint, asks for itself again and goes on from there', async () => {
    const state = await cluster!.ended(stopped)
    const log = readFileSync(path('stopped.log'), 'utf8')
    expect(state, log + cluster!.log()).to.match(/JobState=COMPLETED.*Restarts=[1-9]/s)
    expect(log.match(/"type":"start"/g), log).to.have.length.of.at.least(2)
    expect(log.match(/"type":"step"/g), 'no step was taken twice').to.have.length(12)
    await expectSameRun('stopped')
  })
})
