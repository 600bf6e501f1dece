/**
 * Images a second on one core, from JPEG files to two views. Ours decodes as training does. Peer: Pillow and lightly's
 * transform, which decode whole images. Seconds are the process's own on the processor.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { loadAddon } from '../../lib/addon/load.ts'
import { sceneStore } from '../../lib/bench/scenes.ts'
import { decodeImage } from '../../lib/data/decode.ts'
import { decodedSide } from '../../lib/data/images.ts'
import { atLeast, type Benchmark, type Context, type Measured } from '../figure.ts'
import { Peer } from '../measure/peer.ts'
import { inTurns } from '../measure/turns.ts'
import { writePictures } from '../work/pictures.ts'
import { ViewMaker } from '../work/views.ts'

interface Files {
  name: string
  /** Of the files. */
  images: number
  width: number
  height: number
  /** Of the views. */
  size: number
}

const files: readonly Files[] = [
  { name: 'jpeg-224', images: 64, width: 500, height: 375, size: 224 },
  { name: 'jpeg-32', images: 64, width: 500, height: 375, size: 32 },
  { name: 'jpeg-large', images: 8, width: 3000, height: 2000, size: 224 },
]

export const jpeg: Benchmark = {
  targets: { 'jpeg-224': atLeast(6), 'jpeg-32': null, 'jpeg-large': null },
  async *run(context, wanted) {
    for (const each of files) if (wanted(each.name)) yield await rate(each, context)
  },
}

async function rate(
  { name, size, ...pictures }: Files,
  { rounds, peers: venv, torch }: Context,
): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), 'simclr-bench-'))
  const threads = sharp.concurrency(1)
  try {
    using decoded = disposable(await sceneStore({ ...pictures, seed: 1 }))
    const paths = await writePictures(decoded.value, folder, 'jpeg')
    const sides = [ours(paths, size)]
    using peer = venv === null ? null : new Peer(venv, 'jpeg.py', ['--images', folder, '--size', size])
    if (peer !== null) sides.push(() => peer.measure('lightly'))
    const [mine, theirs = null] = await inTurns(rounds, sides)
    const { width, height } = pictures
    return {
      name,
      ours: mine!,
      peer: theirs,
      unit: 'images/s/core',
      about: `${width} x ${height} JPEG files to two ${size} px views, one core; peer: Pillow and lightly's transform`,
      rounds,
      torch,
    }
  } finally {
    sharp.concurrency(threads)
    await rm(folder, { recursive: true })
  }
}

function ours(paths: readonly string[], size: number): () => Promise<number> {
  const perBatch = Math.min(16, paths.length)
  const maker = new ViewMaker(size, perBatch)
  const store = new (loadAddon().ImageStore)(perBatch)
  const options = { shorterSide: decodedSide(size), maxPixels: 1e8 }
  return async () => {
    const begin = process.cpuUsage()
    for (let first = 0; first < paths.length; first += perBatch) {
      for (let i = 0; i < perBatch; i++) store.set(i, await decodeImage(paths[first + i]!, options))
      await maker.make(store, 0)
    }
    const { user, system } = process.cpuUsage(begin)
    return paths.length / ((user + system) / 1e6)
  }
}

function disposable<T extends { dispose(): void }>(value: T): { value: T } & Disposable {
  return { value, [Symbol.dispose]: () => value.dispose() }
}
