import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { freePort } from '../../lib/io/port.ts'
import { newestCheckpoint } from '../../lib/weights/checkpoint.ts'
import { simclrMain } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { mountTmpfs } from '../support/mount.ts'
import { tinyFlags } from '../support/tiny.ts'
import { endless, LaunchedRank } from './launched.ts'
import { Cable } from './namespaces.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const twoSteps = /"type":"step".*"step":2,/

describe('when what ranks stand on fails, every one ends with an error that says so', function () {
  this.timeout(90_000)
  const mounted: string[] = []
  const running: LaunchedRank[] = []
  afterEach(() => {
    for (const { child } of running.splice(0)) child.kill('SIGKILL')
  })
  after(() => {
    for (const folder of mounted) execFileSync('umount', [folder])
  })
  const path = temporaryFolder()

  function start(...of: ConstructorParameters<typeof LaunchedRank>): LaunchedRank {
    const rank = new LaunchedRank(...of)
    running.push(rank)
    return rank
  }

  it('the network is lost: each names the other', async function () {
    const cable = Cable.lay()
    if (cable === null) {
      console.log('      skipped: network namespaces need root, and a kernel that has them')
      return this.skip()
    }
    try {
      const [host] = cable.addresses
      const env = { GLOO_SOCKET_IFNAME: cable.interface, LOCAL_RANK: '0', LOCAL_WORLD_SIZE: '1' }
      const ranks = ([0, 1] as const).map((rank) =>
        start({ rank, size: 2, port: 29500, host, env, via: cable.at(rank) }, endless(path('cut'))),
      ) as [LaunchedRank, LaunchedRank]
      await ranks[0].until(twoSteps)
      cable.cut()
      expect(await ranks[0].end()).to.equal(1)
      expect(ranks[0].stderr).to.match(/rank 1 did not answer .*cut off.*ERR_SIMCLR_RANK/s)
      expect(await ranks[1].end()).to.equal(1)
      expect(ranks[1].stderr).to.match(/does not answer: rank 0.*cut off.*ERR_SIMCLR_RANK/s)
    } finally {
      cable.remove()
    }
  })

  it('rank 0 alone calls its machine localhost: the others reach it all the same', async function () {
    const cable = Cable.lay()
    if (cable === null) {
      console.log('      skipped: network namespaces need root, and a kernel that has them')
      return this.skip()
    }
    try {
      const flags = [...tinyFlags, '--epochs', '1', '--report', 'off', '--out', path('localhost')]
      const ranks = ([0, 1] as const).map((rank) => {
        // The machine's name leads to its address.
        const named = ['unshare', '--uts', 'sh', '-c', `hostname ${cable.addresses[rank]} && exec "$@"`, 'sh']
        const host = rank === 0 ? 'localhost' : cable.addresses[0]
        const env = { LOCAL_RANK: '0', LOCAL_WORLD_SIZE: '1' }
        const limits = ['--distributed-timeout-seconds', '20']
        return start({ rank, size: 2, port: 29500, host, env, via: [...cable.at(rank), ...named] }, [
          ...flags,
          ...limits,
        ])
      })
      for (const rank of ranks) expect(await rank.end(), rank.stderr).to.equal(0)
    } finally {
      cable.remove()
    }
  })

  it('where /dev/shm has no room, or is not the same for all, sockets take its place', async function () {
    const own = (size: string) => [
      ...['unshare', '--mount', 'sh', '-c'],
      ...[`mount -t tmpfs -o size=${size} tmpfs /dev/shm && exec "$@"`, 'sh'],
    ]
    const [unshare, ...words] = [...own('1m'), 'true']
    if (spawnSync(unshare!, words).status !== 0) {
      console.log('      skipped: mount namespaces need root, and a kernel that has them')
      return this.skip()
    }
    const flags = (out: string) => [...tinyFlags, '--epochs', '1', '--report', 'off', '--out', path(out)]
    const encoder = (out: string) => readFileSync(path(out, 'encoder.safetensors'))
    const command = [process.execPath, simclrMain, 'train', '--processes', '2']
    // Room for what ranks show each other, and none for gradients; then not even for that.
    for (const [name, via] of [
      ['plenty', []],
      ['little', own('3m')],
      ['none', own('64k')],
    ] as const) {
      const [program, ...rest] = [...via, ...command, ...flags(name)] as [string, ...string[]]
      const { status, stderr } = spawnSync(program, rest, { cwd: root, encoding: 'utf8' })
      expect(status, stderr).to.equal(0)
    }
    const port = await freePort()
    const apart = [0, 1].map((rank) => start({ rank, size: 2, port, via: own('64m') }, flags('apart')))
    for (const rank of apart) expect(await rank.end(), rank.stderr).to.equal(0)
    for (const out of ['little', 'none', 'apart'])
      expect(encoder(out).equals(encoder('plenty')), out).to.equal(true)
  })

  it("rank 0's disk is full: the others quote it; earlier checkpoints are whole", async function () {
    if (!mountTmpfs(path('small'), 'size=18m')) return this.skip()
    mounted.push(path('small'))
    const out = path('small', 'run')
    const flags = endless(out, ['--checkpoint-every-steps', '1', '--checkpoint-keep', '50'])
    const port = await freePort()
    const [first, second] = [0, 1].map((rank) => start({ rank, size: 2, port }, flags)) as [
      LaunchedRank,
      LaunchedRank,
    ]
    expect(await first.end()).to.equal(1)
    expect(first.stderr).to.match(/Could not write .*ENOSPC.*ERR_SIMCLR_IO/s)
    expect(await second.end()).to.equal(1)
    expect(second.stderr).to.match(/Rank 0 failed: Could not write .*ENOSPC.*ERR_SIMCLR_RANK/s)
    const newest = await newestCheckpoint(path('small', 'run', 'checkpoints'), () => expect.fail('damaged'))
    expect(newest!.step).to.be.greaterThan(0)
  })

  it('SIGKILL of rank 0 while it writes a checkpoint: the run goes on from the one before', async () => {
    const out = path('torn')
    const port = await freePort()
    const flags = endless(out, ['--checkpoint-every-steps', '2', '--width', '0.5'])
    const [first, second] = [0, 1].map((rank) => start({ rank, size: 2, port }, flags)) as [
      LaunchedRank,
      LaunchedRank,
    ]
    const torn = () => readdirSync(path('torn', 'checkpoints')).filter((name) => name.endsWith('.tmp'))
    await first.until(/"type":"checkpoint".*"step":2\b/)
    while (torn().length === 0) await new Promise((resolve) => setImmediate(resolve))
    first.child.kill('SIGKILL')
    expect(await second.end()).to.equal(1)
    expect(torn(), 'it was killed in time').to.have.length(1)

    const again = await freePort()
    const [resumed] = [0, 1].map((rank) => start({ rank, size: 2, port: again }, flags)) as [LaunchedRank]
    await resumed.until(/"type":"start".*"type":"step"/s)
    const { step } = JSON.parse(/.*"type":"start".*/.exec(resumed.stdout)![0]) as { step: number }
    expect(step).to.be.at.least(2)
    expect(torn(), 'what was torn is cleared away').to.have.length(0)
  })

  it("a processor without bf16: precision 'auto' is rank 0's on all", async function () {
    const without = path('cpuinfo')
    writeFileSync(
      without,
      readFileSync('/proc/cpuinfo', 'utf8').replace(/\b(avx512_bf16|amx_bf16|bf16)\b/g, ''),
    )
    const other = [
      'unshare',
      '--mount',
      'sh',
      '-c',
      `mount --bind ${without} /proc/cpuinfo && exec "$@"`,
      'sh',
    ]
    const [unshare, ...words] = [...other, 'true']
    if (spawnSync(unshare!, words).status !== 0) {
      console.log('      skipped: mount namespaces need root, and a kernel that has them')
      return this.skip()
    }
    const flags = [...tinyFlags, '--precision', 'auto', '--epochs', '1', '--report', 'off', '--out']
    for (const first of [0, 1]) {
      const out = path(`auto-${first}`)
      const port = await freePort()
      const ranks = [0, 1].map((rank) =>
        start({ rank, size: 2, port, via: rank === first ? other : [] }, [...flags, out]),
      )
      for (const rank of ranks) expect(await rank.end(), rank.stderr).to.equal(0)
      if (first > 0) continue
      const { options } = JSON.parse(readFileSync(path('auto-0', 'config.json'), 'utf8'))
      expect(options.precision).to.equal('fp32')
    }
  })
})
