import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { freePort } from '../../lib/io/port.ts'
import { readMetrics } from '../../lib/run/metrics.ts'
import { train } from '../../lib/train.ts'
import { readCheckpoint } from '../../lib/weights/checkpoint.ts'
import { travelled } from '../dist/exact.ts'
import { heldUp } from '../dist/holding-up.ts'
import { childrenOf, leftBehind } from '../dist/launched.ts'
import { distance } from '../learn/support.ts'
import { simclrMain } from '../support/cli.ts'
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
        ...[process.execPath, simclrMain, 'train', ...tinyFlags, '--epochs', '2'],
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
        ...['--rdzv-backend', 'c10d', '--rdzv-endpoint', 'localhost:0', program],
        ...[process.execPath, simclrMain, 'train', ...tinyFlags, '--epochs', '2'],
        ...['--report', 'off', '--checkpoint-every-steps', '1', '--out', path('restarted')],
      ],
      { cwd: root, encoding: 'utf8' },
    )
    expect(status, stderr).to.equal(0)
    expect(stderr, 'a rank was killed').to.match(/exitcode: -9/)
    const tensors = async (name: string) =>
      (await readCheckpoint(path(name, 'checkpoints/step-00000012.safetensors'))).tensors
    expect(distance(await tensors('restarted'), await tensors('torchrun'))).to.equal(0)
  })

  it('--shutdown-timeout: where torchrun is asked to stop, a checkpoint has as long as that says', async function () {
    if (!spawnSync(torchrun!, ['--help'], { encoding: 'utf8' }).stdout.includes('--shutdown-timeout')) {
      console.log('      skipped: this torchrun has no --shutdown-timeout')
      return this.skip()
    }
    const agent = spawn(
      torchrun!,
      [
        ...['--no-python', '--nproc-per-node', '2', '--shutdown-timeout', '120'],
        ...['--rdzv-backend', 'c10d', '--rdzv-endpoint', 'localhost:0'],
        ...[process.execPath, simclrMain, 'train', ...tinyFlags],
        ...['--epochs', '100000', '--report', 'off', '--out', path('patient'), '--json'],
      ],
      {
        cwd: root,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...process.env, ...heldUp({ rank: 0, method: 'write', milliseconds: 40_000 }) },
      },
    )
    const ended = once(agent, 'close')
    let text = ''
    for (const stream of [agent.stdout, agent.stderr])
      stream.setEncoding('utf8').on('data', (more: string) => {
        text += more
      })
    while (!text.includes('"step":4,')) await sleep(20)
    agent.kill('SIGTERM')
    await ended
    expect(text).to.not.contain('forcefully exiting')
    const { checkpoint, recorded } = await leftBehind(path('patient'))
    expect(checkpoint, text).to.equal(recorded).and.be.at.least(5)
  })

  it('two nodes: when a rank dies the ranks of both meet again, though their agents count restarts otherwise', async () => {
    const port = await freePort()
    const out = path('two-nodes')
    const agents = [1, 0].map((isHost) =>
      spawn(
        torchrun!,
        [
          ...['--no-python', '--nnodes', '2:2', '--nproc-per-node', '1', '--max-restarts', '1'],
          ...['--rdzv-backend', 'c10d', '--rdzv-endpoint', `127.0.0.1:${port}`, '--rdzv-id', 'two-nodes'],
          ...['--rdzv-conf', `is_host=${isHost}`],
          ...[process.execPath, simclrMain, 'train', ...tinyFlags],
          ...['--epochs', '8', '--report', 'off', '--checkpoint-every-steps', '1'],
          ...['--distributed-timeout-seconds', '30', '--out', out, '--json'],
        ],
        { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
      ),
    )
    let text = ''
    for (const { stdout, stderr } of agents)
      for (const stream of [stdout!, stderr!])
        stream.setEncoding('utf8').on('data', (more: string) => {
          text += more
        })
    const ends = agents.map((agent) => once(agent, 'close'))
    while (!text.includes('"step":4,')) await sleep(20)
    const [rank] = childrenOf(agents[1]!.pid!)
    process.kill(rank!, 'SIGKILL')
    for (const [code] of (await Promise.all(ends)) as [number | null][]) expect(code, text).to.equal(0)
    expect(text.match(/"type":"start"/g), text).to.have.length(2)
  })

  it('elastic: when a node is lost the run goes on with the ranks that are left', async () => {
    const port = await freePort()
    const out = path('elastic')
    const agents = [1, 0].map((isHost) =>
      spawn(
        torchrun!,
        [
          ...['--no-python', '--nnodes', '1:2', '--nproc-per-node', '1', '--max-restarts', '3'],
          ...['--rdzv-backend', 'c10d', '--rdzv-endpoint', `127.0.0.1:${port}`, '--rdzv-id', 'elastic'],
          ...['--rdzv-conf', `is_host=${isHost},last_call_timeout=10,keep_alive_interval=1`],
          ...[process.execPath, simclrMain, 'train', ...tinyFlags],
          ...['--epochs', '4', '--precision', 'fp64', '--report', 'off', '--checkpoint-every-steps', '1'],
          ...['--distributed-timeout-seconds', '20', '--out', out, '--json'],
        ],
        { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] },
      ),
    )
    const texts = ['', '']
    agents.forEach(({ stdout, stderr }, i) => {
      for (const stream of [stdout!, stderr!])
        stream.setEncoding('utf8').on('data', (text: string) => {
          texts[i] += text
        })
    })
    const ends = agents.map((agent) => once(agent, 'close'))
    while (!texts.some((text) => text.includes('"step":4,'))) await sleep(20)
    const lost = agents[1]!.pid! // the other agent serves the store
    for (const pid of [lost, ...childrenOf(lost)]) process.kill(pid, 'SIGKILL')
    const [[code]] = (await Promise.all(ends)) as [[number | null], unknown]
    expect(code, texts[0]).to.equal(0)
    expect(texts[0]).to.match(/rank [01] did not answer/)

    const alone = { ...tiny, epochs: 4, precision: 'fp64', out: path('alone') } as const
    const run = await train({ ...alone, checkpoint: { everySeconds: null, everySteps: 24, keep: 2 } })
    run.encoder.dispose()
    const tensors = async (name: string, step: number) =>
      (
        await readCheckpoint(
          path(name, `checkpoints/step-000000${String(step).padStart(2, '0')}.safetensors`),
        )
      ).tensors
    const one = await tensors('alone', 24)
    const way = travelled(one, await tensors('alone', 0))
    expect(way).to.be.greaterThan(1e-2)
    expect(travelled(one, await tensors('elastic', 24))).to.be.below(1e-6 * way)
  })
})
