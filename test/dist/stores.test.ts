import { setTimeout } from 'node:timers/promises'
import { expect } from 'chai'
import { freePort } from '../../lib/io/port.ts'
import { members } from './members.ts'

describe('a store that does not answer', function () {
  this.timeout(60_000)
  const start = members()

  /** Rank 0, and what becomes of rank 1's joining, both waiting for a third. */
  async function waiting(timeoutSeconds: number) {
    const place = { size: 3, port: await freePort() }
    const first = await start({ ...place, rank: 0, timeoutSeconds: 600 })
    const second = await start({ ...place, rank: 1, timeoutSeconds })
    first.begin('join')
    const joined = second.call('join')
    await setTimeout(2000)
    return { first, second, joined }
  }

  /** Two that have met. */
  async function met(timeoutSeconds: number) {
    const place = { size: 2, port: await freePort(), timeoutSeconds }
    const ranks = [await start({ ...place, rank: 0 }), await start({ ...place, rank: 1 })] as const
    const joined = await Promise.all(ranks.map((rank) => rank.call('join and connect')))
    expect(joined).to.deep.equal(['done', 'done'])
    return { place, ranks }
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
    const { ranks } = await met(4)
    ranks[0].child.kill('SIGSTOP')
    expect(await ranks[1].call('exchange')).to.match(/ERR_SIMCLR_RANK.*does not answer: rank 0/)
  })

  it('a second rank 1 is refused, and the others do not notice', async () => {
    const { place, ranks } = await met(20)
    const other = await start({ ...place, rank: 1 })
    expect(await other.call('join')).to.match(/no other rank 1 at 127.0.0.1:\d+ .*MASTER_PORT/)
    expect(await Promise.all(ranks.map((rank) => rank.call('exchange')))).to.deep.equal(['done', 'done'])
  })
})
