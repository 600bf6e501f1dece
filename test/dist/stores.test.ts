import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { freePort } from '../../lib/io/port.ts'

const program = fileURLToPath(new URL('./member.ts', import.meta.url))

describe('a store that does not answer', function () {
  this.timeout(60_000)
  const members: ChildProcess[] = []
  afterEach(() => {
    for (const child of members.splice(0)) child.kill('SIGKILL')
  })

  /** A rank that has the addon, and nothing else yet. */
  async function member(rank: number, size: number, port: number, timeoutSeconds: number): Promise<Member> {
    const words = [rank, size, port, timeoutSeconds].map(String)
    const child = fork(program, words, { execArgv: ['--import', 'tsx'] })
    members.push(child)
    await once(child, 'message')
    return new Member(child)
  }

  /** Rank 0, and what becomes of rank 1's joining, both waiting for a third. */
  async function waiting(timeoutSeconds: number) {
    const port = await freePort()
    const [first, second] = [await member(0, 3, port, 600), await member(1, 3, port, timeoutSeconds)]
    first.begin('join')
    const joined = second.call('join')
    await setTimeout(2000)
    return { first, second, joined }
  }

  it('rank 0 is stopped while another waits for a third: it waits no longer than the timeout says', async () => {
    const { first, joined } = await waiting(4)
    first.child.kill('SIGSTOP')
    expect(await joined).to.match(/ERR_SIMCLR_RANK.*store at .* does not answer: rank 0/)
  })

  it('... and stops when it is asked to', async () => {
    const { first, second, joined } = await waiting(600)
    first.child.kill('SIGSTOP')
    await setTimeout(500)
    second.begin('stop')
    expect(await joined).to.match(/ERR_SIMCLR_ABORTED/)
  })

  it('rank 0 is stopped while another compares options with it', async () => {
    const port = await freePort()
    const ranks = [await member(0, 2, port, 4), await member(1, 2, port, 4)] as const
    expect(await Promise.all(ranks.map((rank) => rank.call('join')))).to.deep.equal(['done', 'done'])
    ranks[0].child.kill('SIGSTOP')
    expect(await ranks[1].call('exchange')).to.match(/ERR_SIMCLR_RANK.*does not answer: rank 0/)
  })

  it('a second rank 1 is refused, and the others do not notice', async () => {
    const port = await freePort()
    const ranks = [await member(0, 2, port, 20), await member(1, 2, port, 20)] as const
    expect(await Promise.all(ranks.map((rank) => rank.call('join')))).to.deep.equal(['done', 'done'])
    const other = await member(1, 2, port, 20)
    expect(await other.call('join')).to.match(/no other rank 1 at 127.0.0.1:\d+ .*MASTER_PORT/)
    expect(await Promise.all(ranks.map((rank) => rank.call('exchange')))).to.deep.equal(['done', 'done'])
  })
})

class Member {
  readonly child: ChildProcess
  constructor(child: ChildProcess) {
    this.child = child
  }

  begin(order: string): void {
    this.child.send(order)
  }

  /** `done`, or code and message of what it was rejected with. */
  async call(order: string): Promise<string> {
    this.begin(order)
    const [answer] = await once(this.child, 'message')
    return answer as string
  }
}
