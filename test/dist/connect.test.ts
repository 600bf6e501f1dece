import { setTimeout } from 'node:timers/promises'
import { expect } from 'chai'
import { freePort } from '../../lib/io/port.ts'
import { temporaryFolder } from '../support/folder.ts'
import { endless, LaunchedRank } from './launched.ts'
import { members } from './members.ts'
import { Cable } from './namespaces.ts'

describe('ranks that have met and find no connection', function () {
  this.timeout(90_000)
  const path = temporaryFolder()
  const start = members()

  /** Rank 0, which opens its connections, and rank 1, which says that it does and goes no further. */
  async function half(timeoutSeconds: number) {
    const place = { size: 2, port: await freePort(), timeoutSeconds }
    const [first, second] = [await start({ ...place, rank: 0 }), await start({ ...place, rank: 1 })]
    expect(await Promise.all([first.call('join'), second.call('join')])).to.deep.equal(['done', 'done'])
    const connecting = first.call('connect')
    expect(await second.call('promise to connect')).to.equal('done')
    return { first, second, connecting }
  }

  it('one dies meanwhile: it is named', async () => {
    const { second, connecting } = await half(4)
    second.child.kill('SIGKILL')
    expect(await connecting).to.match(
      /ERR_SIMCLR_RANK Expected all 2 ranks but rank 1 did not answer .*no connection to/,
    )
  })

  it('one lives and does not come: nobody waits longer than the timeout says', async () => {
    const { connecting } = await half(4)
    expect(await connecting).to.match(/ERR_SIMCLR_RANK All ranks answer but .*no connection to another rank/)
  })

  it('one is asked to stop meanwhile: it does', async () => {
    const { first, connecting } = await half(600)
    await setTimeout(500)
    first.begin('stop')
    expect(await connecting).to.match(/ERR_SIMCLR_ABORTED/)
  })

  it('one has an address that does not lead to it: it is named, with the address', async function () {
    const cable = Cable.lay()
    if (cable === null) {
      console.log('      skipped: network namespaces need root, and a kernel that has them')
      return this.skip()
    }
    const ranks: LaunchedRank[] = []
    try {
      const astray = cable.leadAstray()
      const [host] = cable.addresses
      for (const rank of [0, 1] as const) {
        const interfaces = [cable.interface, astray.interface] as const
        const env = { GLOO_SOCKET_IFNAME: interfaces[rank], LOCAL_RANK: '0', LOCAL_WORLD_SIZE: '1' }
        ranks.push(
          new LaunchedRank(
            { rank, size: 2, port: 29500, host, env, via: cable.at(rank) },
            endless(path('astray')),
          ),
        )
      }
      for (const rank of ranks) {
        expect(await rank.end()).to.equal(1)
        expect(rank.stderr).to.contain(`no connection to rank 1 at ${astray.address} (no answer)`)
        expect(rank.stderr).to.contain('the interface simclr0 of GLOO_SOCKET_IFNAME')
      }
    } finally {
      for (const { child } of ranks) child.kill('SIGKILL')
      cable.remove()
    }
  })
})
