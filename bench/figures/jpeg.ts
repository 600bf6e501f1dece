/**
 * Images a second on one core, from 500 x 375 JPEG files to two views of 224 px. Ours decodes as training does. Peer:
 * Pillow and lightly's transform. Seconds are the process's own on the processor.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { loadAddon } from '../../lib/addon/load.ts'
import { sceneStore } from '../../lib/bench/scenes.ts'
import { decodeImage } from '../../lib/data/decode.ts'
import { decodedSide } from '../../lib/data/images.ts'
import { atLeast, type Benchmark } from '../figure.ts'
import { Peer } from '../measure/peer.ts'
import { inTurns } from '../measure/turns.ts'
import { writePictures } from '../work/pictures.ts'
import { ViewMaker } from '../work/views.ts'

const size = 224
const images = 64
const perBatch = 16

export const jpeg: Benchmark = {
  targets: { 'jpeg-224': atLeast(6) },
  async *run({ rounds, peers: venv, torch }, wanted) {
    if (!wanted('jpeg-224')) return
    const folder = await mkdtemp(join(tmpdir(), 'simclr-bench-'))
    const threads = sharp.concurrency(1)
    try {
      using decoded = disposable(await sceneStore({ images, width: 500, height: 375, seed: 1 }))
      const paths = await writePictures(decoded.value, folder, 'jpeg')
      const sides = [ours(paths)]
      using peer = venv === null ? null : new Peer(venv, 'jpeg.py', ['--images', folder, '--size', size])
      if (peer !== null) sides.push(() => peer.measure('lightly'))
      const [mine, theirs = null] = await inTurns(rounds, sides)
      yield {
        name: 'jpeg-224',
        ours: mine!,
        peer: theirs,
        unit: 'images/s/core',
        about: `500 x 375 JPEG files to two ${size} px views, one core; peer: Pillow and lightly's transform`,
        rounds,
        torch,
      }
    } finally {
      sharp.concurrency(threads)
      await rm(folder, { recursive: true })
    }
  },
}

function ours(paths: readonly string[]): () => Promise<number> {
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
