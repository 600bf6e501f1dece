import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { freePort } from '../../lib/io/port.ts'
import { temporaryFolder } from '../support/folder.ts'
import { endless, LaunchedRank } from './launched.ts'

const twoSteps = /"type":"step".*"step":2,/

describe('when a rank fails, every other ends with an error that names it', function () {
  this.timeout(90_000)
  const path = temporaryFolder()
  let runs = 0
  const newOut = () => path(`run-${runs++}`)

  /** Starts ranks; whatever happens they are gone afterwards. `more`: of their environment. */
  async function withRanks(
    size: number,
    flagsOf: (rank: number, out: string) => string[],
    work: (ranks: LaunchedRank[]) => Promise<void>,
    more: Record<string, string> = {},
  ): Promise<void> {
    const out = newOut()
    const port = await freePort()
    const ranks = Array.from(
      { length: size },
      (_, rank) => new LaunchedRank({ rank, size, port, env: more }, flagsOf(rank, out)),
    )
    try {
      await work(ranks)
    } finally {
      for (const { child } of ranks) child.kill('SIGKILL')
    }
  }

  const same = (_rank: number, out: string) => endless(out)

  /** Of ranks that have a machine each, as they think: they meet in sockets, not in shared memory. */
  const machineEach = { LOCAL_RANK: '0', LOCAL_WORLD_SIZE: '1' }

  for (const [way, env] of [
    ['shared memory', undefined],
    ['sockets', machineEach],
  ] as const) {
    it(`SIGKILL of rank 1 of 3 in a step; ${way}`, () =>
      withRanks(
        3,
        same,
        async (ranks) => {
          await ranks[0]!.until(twoSteps)
          ranks[1]!.child.kill('SIGKILL')
          for (const rank of [ranks[0]!, ranks[2]!]) {
            expect(await rank.end()).to.equal(1)
            expect(rank.stderr).to.match(/rank 1 did not answer .*ERR_SIMCLR_RANK/s)
          }
        },
        env,
      ))

    it(`SIGSTOP: the others wait as long as the timeout says; ${way}`, () =>
      withRanks(
        2,
        same,
        async (ranks) => {
          await ranks[0]!.until(twoSteps)
          ranks[1]!.child.kill('SIGSTOP')
          expect(await ranks[0]!.end()).to.equal(1)
          expect(ranks[0]!.stderr).to.match(/rank 1 did not answer .*6 s.*ERR_SIMCLR_RANK/s)
        },
        env,
      ))
  }

  it('SIGKILL of rank 0, which serves the store and writes the checkpoints; sockets', () =>
    withRanks(
      2,
      (_rank, out) => endless(out, ['--checkpoint-every-steps', '1']),
      async (ranks) => {
        await ranks[0]!.until(/"type":"checkpoint"/)
        await ranks[0]!.until(twoSteps)
        ranks[0]!.child.kill('SIGKILL')
        expect(await ranks[1]!.end()).to.equal(1)
        expect(ranks[1]!.stderr).to.match(/rank 0.*ERR_SIMCLR_RANK/is)
      },
      machineEach,
    ))

  it('SIGSTOP of rank 0', () =>
    withRanks(2, same, async (ranks) => {
      await ranks[0]!.until(twoSteps)
      ranks[0]!.child.kill('SIGSTOP')
      expect(await ranks[1]!.end()).to.equal(1)
      expect(ranks[1]!.stderr).to.match(/does not answer: rank 0.*ERR_SIMCLR_RANK/s)
    }))

  it('an error of its own: the others quote it', () =>
    withRanks(
      2,
      (rank, out) => endless(out, rank === 1 ? ['--data', '/nowhere'] : []),
      async (ranks) => {
        expect(await ranks[1]!.end()).to.be.oneOf([1, 2])
        expect(await ranks[0]!.end()).to.equal(1)
        expect(ranks[0]!.stderr).to.match(/Rank 1 failed: .*nowhere/s)
      },
    ))

  it('a rank with another option', () =>
    withRanks(
      2,
      (rank, out) => endless(out, rank === 1 ? ['--temperature', '0.7'] : []),
      async (ranks) => {
        for (const rank of ranks) {
          expect(await rank.end()).to.equal(1)
          expect(rank.stderr).to.match(/`temperature` on all ranks but rank 1 has 0.7/)
        }
      },
    ))

  it('a rank that counts the ranks of its machine otherwise', async () => {
    const out = newOut()
    const port = await freePort()
    const env = { LOCAL_WORLD_SIZE: '1' }
    const ranks = [0, 1].map(
      (rank) => new LaunchedRank({ rank, size: 2, port, ...(rank === 1 && { env }) }, endless(out)),
    )
    for (const rank of ranks) {
      expect(await rank.end()).to.equal(1)
      expect(rank.stderr).to.match(/LOCAL_WORLD_SIZE=2 of rank 0 says, but rank 1 has LOCAL_WORLD_SIZE=1/)
    }
  })

  it('a rank with other data', () =>
    withRanks(
      2,
      (rank, out) => endless(out, rank === 1 ? ['--data', 'synthetic:scenes,count=97,size=16'] : []),
      async (ranks) => {
        for (const rank of ranks) {
          expect(await rank.end()).to.equal(1)
          expect(rank.stderr).to.match(/`number of images in data` on all ranks but rank 1 has 97/)
        }
      },
    ))

  it('a rank of another version', async () => {
    const out = newOut()
    const port = await freePort()
    const rank = new LaunchedRank({ rank: 0, size: 2, port }, endless(out))
    const program = fileURLToPath(new URL('./other-version.ts', import.meta.url))
    const other = spawn(process.execPath, ['--import', 'tsx', program, String(port)], { stdio: 'ignore' })
    expect(await rank.end()).to.equal(1)
    expect(rank.stderr).to.match(/`simclr version` on all ranks but rank 1 has '99.0.0'/)
    other.kill('SIGKILL')
    await once(other, 'close')
  })

  it('a rank that never starts', async () => {
    const out = newOut()
    const port = await freePort()
    const rank = new LaunchedRank({ rank: 0, size: 2, port }, endless(out))
    expect(await rank.end()).to.equal(1)
    expect(rank.stderr).to.match(/Expected 2 ranks but rank 1 did not appear within 6 s.*ERR_SIMCLR_RANK/s)
  })

  it('SIGKILL of a rank while the others still wait for another', async () => {
    const out = newOut()
    const port = await freePort()
    const flags = endless(out, ['--distributed-timeout-seconds', '20'])
    const start = (rank: number) => new LaunchedRank({ rank, size: 3, port }, flags)
    const first = start(0)
    const killed = start(1)
    await new Promise((resolve) => setTimeout(resolve, 3000))
    killed.child.kill('SIGKILL')
    const last = start(2)
    for (const rank of [first, last]) {
      expect(await rank.end()).to.equal(1)
      expect(rank.stderr).to.match(/rank(s)? 1.*ERR_SIMCLR_RANK/s)
    }
  })

  it('a rank that never starts while a late one still waits for it', async () => {
    const out = newOut()
    const port = await freePort()
    const start = (rank: number, timeout: string) =>
      new LaunchedRank({ rank, size: 3, port }, endless(out, ['--distributed-timeout-seconds', timeout]))
    const ranks = [start(0, '12'), start(2, '60')]
    for (const rank of ranks) {
      expect(await rank.end()).to.equal(1)
      expect(rank.stderr).to.match(/rank 1 did not appear within 12 s.*ERR_SIMCLR_RANK/s)
    }
  })

  it('SIGKILL of rank 0, which serves the store, while others wait for another', async () => {
    const out = newOut()
    const port = await freePort()
    const flags = endless(out, ['--distributed-timeout-seconds', '30'])
    const [first, second] = [0, 1].map((rank) => new LaunchedRank({ rank, size: 3, port }, flags))
    await new Promise((resolve) => setTimeout(resolve, 6000))
    first!.child.kill('SIGKILL')
    expect(await second!.end()).to.equal(1)
    expect(second!.stderr).to.match(/rank 0.*ERR_SIMCLR_RANK/is)
  })

  it('a port in use', async () => {
    const out = newOut()
    const server = createServer().listen(0)
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const rank = new LaunchedRank({ rank: 0, size: 2, port }, endless(out))
    expect(await rank.end()).to.equal(1)
    expect(rank.stderr).to.match(/is in use. Set MASTER_PORT/)
    server.close()
  })
})
