/** nt_xent-memory.ts ROWS DIM: prints the MB that one call adds to this process's peak. */
import { loadAddon } from '../../lib/addon/load.ts'
import { peakMegabytes } from '../measure/memory.ts'
import { noise } from './step.ts'

const [rows, dim] = process.argv.slice(2).map(Number) as [number, number]
const options = { dim, temperature: 0.5, scale: 1, normalize: true } as const
loadAddon().ntXent(noise(64 * dim), options) // LibTorch's own set-up
const z = noise(rows * dim)
const before = peakMegabytes()
loadAddon().ntXent(z, options)
console.log(peakMegabytes() - before)
