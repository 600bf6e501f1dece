/**
 * NT-Xent forward and backward on rows of 128 numbers, fp32. Peer: plain PyTorch, with all cores' threads and with one;
 * the better is the figure's. A memory figure is what one call adds to the peak of a process of its own. Where the
 * peer's matrix of similarities would not fit (17 GB and more), what a call may take stands in its place.
 */
import { loadAddon } from '../../lib/addon/load.ts'
import { atLeast, atMost, type Benchmark, type Context, type Measured } from '../figure.ts'
import { numberFrom, workScript } from '../measure/memory.ts'
import { better, PeersBySetting, peerScript } from '../measure/peer.ts'
import { inTurns } from '../measure/turns.ts'
import { noise } from '../work/step.ts'

const dim = 128
const speeds = [
  { name: 'ntxent-512', rows: 512, calls: 100 },
  { name: 'ntxent-1024', rows: 1024, calls: 40 },
  { name: 'ntxent-2048', rows: 2048, calls: 12 },
  { name: 'ntxent-8192', rows: 8192, calls: 2 },
]
const memories: readonly { name: string; rows: number; allowed?: number }[] = [
  { name: 'ntxent-8192-memory', rows: 8192 },
  { name: 'ntxent-65536-memory', rows: 65_536, allowed: 100 },
]
const options = { dim, temperature: 0.5, scale: 1, normalize: true } as const

export const ntXent: Benchmark = {
  targets: {
    'ntxent-512': atLeast(1),
    'ntxent-1024': atLeast(1),
    'ntxent-2048': atLeast(1),
    'ntxent-8192': atLeast(2.5),
    'ntxent-8192-memory': atMost(0.03),
    'ntxent-65536-memory': atMost(1),
  },
  async *run(context, wanted) {
    for (const speed of speeds) if (wanted(speed.name)) yield await rate(speed, context)
    for (const memory of memories) if (wanted(memory.name)) yield peak(memory, context)
  },
}

async function rate(
  { name, rows, calls }: (typeof speeds)[number],
  { rounds, peers: venv, torch, limits }: Context,
): Promise<Measured> {
  const z = noise(rows * dim)
  const own = async () => {
    const begin = performance.now()
    for (let i = 0; i < calls; i++) loadAddon().ntXent(z, options)
    return (1000 * calls) / (performance.now() - begin)
  }
  using peers = new PeersBySetting(venv, 'nt_xent.py', limits.cores, ['--rows', rows])
  const [ours, ...theirs] = await inTurns(rounds, [own, ...peers.sides(calls)])
  const peer = better(theirs)
  // Three products: the similarities, and what each side of them pulls.
  const share = (calls: number) => (calls * 3 * 2 * rows * rows * dim) / 1e9 / limits.fp32
  return {
    name,
    ours: ours!,
    peer,
    unit: 'calls/s',
    share: { of: 'fp32 products', ours: share(ours!), peer: peer === null ? null : share(peer) },
    about: `${rows} rows of ${dim}, fp32, loss and gradient; peer: plain PyTorch, the better of ${limits.cores} threads and 1`,
    rounds,
    torch,
  }
}

function peak(
  { name, rows, allowed }: (typeof memories)[number],
  { peers: venv, torch, limits }: Context,
): Measured {
  const ours = numberFrom(...workScript('nt_xent-memory.ts', rows, dim))
  const about = `peak memory added by ${rows} rows of ${dim}, loss and gradient`
  const measured = { name, ours, unit: 'MB', rounds: 1 }
  if (allowed !== undefined)
    return { ...measured, peer: allowed, torch: null, about: `${about}; "peer": what it may take` }
  const script = [peerScript('nt_xent.py'), '--rows', rows, '--threads', limits.cores, '--memory']
  const peer = venv === null ? null : numberFrom(`${venv}/bin/python`, script)
  return { ...measured, peer, torch, about: `${about}; peer: plain PyTorch` }
}
