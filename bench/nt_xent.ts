/**
 * NT-Xent forward and backward on rows of 128 numbers, fp32. Peer: plain PyTorch, as many threads. The memory figure
 * is what one call adds to the peak of a process of its own.
 */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { loadAddon } from '../lib/addon/load.ts'
import { type Benchmark, type Context, type Figure, inTurns, Peer } from './bench.ts'

const dim = 128
const speeds = [
  { name: 'ntxent-1024', rows: 1024, calls: 40 },
  { name: 'ntxent-8192', rows: 8192, calls: 2 },
]
const memory = { name: 'ntxent-8192-memory', rows: 8192 }
const options = { dim, temperature: 0.5, scale: 1, normalize: true } as const

export const ntXent: Benchmark = {
  names: [...speeds.map(({ name }) => name), memory.name],
  async *run(context: Context, wanted: (name: string) => boolean) {
    for (const speed of speeds) if (wanted(speed.name)) yield await rate(speed, context)
    if (wanted(memory.name)) yield await peak(context)
  },
}

/** Rows [rows, dim], uniform in [-1, 1). */
function rowsOf(rows: number): Float32Array {
  const z = new Float32Array(rows * dim)
  let state = 1
  for (let i = 0; i < z.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    z[i] = state / 2 ** 31 - 1
  }
  return z
}

async function rate({ name, rows, calls }: (typeof speeds)[number], context: Context): Promise<Figure> {
  const z = rowsOf(rows)
  const ours = async () => {
    const begin = performance.now()
    for (let i = 0; i < calls; i++) loadAddon().ntXent(z, options)
    return (1000 * calls) / (performance.now() - begin)
  }
  const sides = [ours]
  const peer = context.peers === null ? null : new Peer(context.peers, 'nt_xent.py', ['--rows', `${rows}`])
  try {
    if (peer !== null) sides.push(() => peer.measure(`${calls}`))
    const [mine, theirs] = await inTurns(context.rounds, sides)
    return {
      name,
      ours: mine!,
      peer: theirs ?? null,
      unit: 'calls/s',
      ratio: theirs === undefined ? null : mine! / theirs,
      about: `${rows} rows of ${dim}, fp32, loss and gradient; peer: plain PyTorch, as many threads`,
    }
  } finally {
    peer?.[Symbol.dispose]()
  }
}

async function peak({ peers }: Context): Promise<Figure> {
  const child = async (file: string, args: string[]) =>
    Number((await promisify(execFile)(file, args, { encoding: 'utf8' })).stdout)
  const self = fileURLToPath(import.meta.url)
  const ours = await child(process.execPath, ['--import', 'tsx', self, `${memory.rows}`])
  const script = fileURLToPath(new URL('peers/nt_xent.py', import.meta.url))
  const theirs =
    peers === null
      ? null
      : await child(`${peers}/bin/python`, [script, '--rows', `${memory.rows}`, '--memory'])
  return {
    name: memory.name,
    ours,
    peer: theirs,
    unit: 'MB',
    ratio: theirs === null ? null : ours / theirs,
    about: `peak memory added by ${memory.rows} rows of ${dim}, loss and gradient; peer: plain PyTorch`,
  }
}

/** Peak resident memory so far, MB. */
function peakMegabytes(): number {
  const status = readFileSync('/proc/self/status', 'utf8')
  return Number(/VmHWM:\s+(\d+)/.exec(status)![1]) / 1024
}

// In the child process of `peak`: what one call adds.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  loadAddon().ntXent(rowsOf(64), options) // LibTorch's own set-up
  const z = rowsOf(Number(process.argv[2]))
  const before = peakMegabytes()
  loadAddon().ntXent(z, options)
  console.log(peakMegabytes() - before)
}
