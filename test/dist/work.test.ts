import { setTimeout } from 'node:timers/promises'
import { expect } from 'chai'
import { freePort } from '../../lib/io/port.ts'
import { members } from './members.ts'

const timeoutSeconds = 3

describe('a rank that is at work on something that takes its time', function () {
  this.timeout(90_000)
  const start = members()

  /** Two ranks that have met, of `localSize` on their machine. */
  async function ranksOf(localSize: number) {
    const place = { size: 2, port: await freePort(), timeoutSeconds, localSize }
    const ranks = await Promise.all([0, 1].map((rank) => start({ ...place, rank })))
    const all = (order: Parameters<(typeof ranks)[0]['call']>[0]) =>
      Promise.all(ranks.map((rank) => rank.call(order)))
    expect(await all('join and connect')).to.deep.equal(['done', 'done'])
    expect(await all('learn')).to.deep.equal(['done', 'done'])
    return { first: ranks[0]!, second: ranks[1]!, all }
  }

  for (const [where, localSize, order] of [
    ['in memory', 2, 'step'],
    ['through sockets', 1, 'step'],
    ['in the store', 2, 'exchange'],
  ] as const) {
    it(`is waited for beyond the timeout: ${where}`, async () => {
      const { first, second, all } = await ranksOf(localSize)
      expect(await first.call('work')).to.equal('done')
      const waiting = second.call(order)
      await setTimeout(3000 * timeoutSeconds)
      expect(await first.call('rest')).to.equal('done')
      expect(await first.call(order)).to.equal('done')
      expect(await waiting).to.equal('done')
      expect(await all('step')).to.deep.equal(['done', 'done'])
    })

    it(`is waited for no longer once it is at rest: ${where}`, async () => {
      const { first, second } = await ranksOf(localSize)
      expect(await first.call('work')).to.equal('done')
      const waiting = second.call(order)
      await setTimeout(1500 * timeoutSeconds)
      expect(await first.call('rest')).to.equal('done')
      expect(await waiting).to.match(/ERR_SIMCLR_RANK All ranks answer but .*noticed by rank 1: .* 3 s/)
    })

    for (const [signal, who, says] of [
      ['SIGKILL', 'first', /ERR_SIMCLR_RANK Rank 0's store .* is gone/],
      ['SIGSTOP', 'first', /ERR_SIMCLR_RANK Rank 0's store .* does not answer: rank 0/],
      ['SIGSTOP', 'second', /ERR_SIMCLR_RANK .*rank 1 did not answer/],
    ] as const) {
      it(`and then ends by ${signal}, the ${who} one, is given up: ${where}`, async () => {
        const ranks = await ranksOf(localSize)
        const [victim, other] = who === 'first' ? [ranks.first, ranks.second] : [ranks.second, ranks.first]
        expect(await victim.call('work')).to.equal('done')
        const waiting = other.call(order)
        await setTimeout(1500 * timeoutSeconds)
        victim.child.kill(signal)
        expect(await waiting).to.match(says)
      })
    }
  }

  it('is given up where it waits itself, for one that waits for it: nobody waits for ever', async () => {
    const { first, second } = await ranksOf(1)
    await first.call('work')
    await second.call('work')
    expect(await second.call('step')).to.match(/ERR_SIMCLR_RANK All ranks answer/)
  })
})
