/**
 * Views a second on one core, decoded images to float views with every operator on, `torch` convention: at 32 px
 * from 32 x 32, at 224 px from 500 x 375. Peers: lightly (the figure), torchvision v2 and kornia beside it. Seconds
 * are the process's own on the processor, all its threads together, so that other work on the machine counts little.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import type { NativeImageStore } from '../lib/addon/interface.ts'
import { loadAddon } from '../lib/addon/load.ts'
import { lower, simclrFamily, simclrSettings } from '../lib/augment/index.ts'
import { type Benchmark, type Context, type Figure, inTurns, Peer } from './bench.ts'

interface Setting {
  name: string
  size: number
  width: number
  height: number
  images: number
  /** Views that one measurement of ours makes. */
  views: number
}

const settings: readonly Setting[] = [
  { name: 'augment-32', size: 32, width: 32, height: 32, images: 500, views: 40_000 },
  { name: 'augment-224', size: 224, width: 500, height: 375, images: 32, views: 1_280 },
]
const peers = ['lightly', 'torchvision', 'kornia'] as const

export const augment: Benchmark = {
  names: settings.flatMap((setting) => peers.map((peer) => figureName(setting, peer))),
  async *run(context: Context, wanted: (name: string) => boolean) {
    for (const setting of settings) {
      if (!peers.some((peer) => wanted(figureName(setting, peer)))) continue
      for await (const figure of measure(setting, context)) if (wanted(figure.name)) yield figure
    }
  },
}

async function* measure(setting: Setting, { rounds, peers: venv }: Context): AsyncGenerator<Figure> {
  const folder = await mkdtemp(join(tmpdir(), 'simclr-bench-'))
  const store = await pictures(setting)
  try {
    const sides = [ours(store, setting)]
    if (venv !== null) {
      await write(store, folder)
      using peer = new Peer(venv, 'augment.py', ['--images', folder, '--size', `${setting.size}`])
      const measured = await inTurns(rounds, [...sides, ...peers.map((name) => () => peer.measure(name))])
      for (const [i, name] of peers.entries()) yield figure(setting, measured[0]!, name, measured[i + 1]!)
    } else {
      const [rate] = await inTurns(rounds, sides)
      yield figure(setting, rate!, peers[0], null)
    }
  } finally {
    store.dispose()
    await rm(folder, { recursive: true })
  }
}

/** The first peer's figure has the setting's name. */
function figureName({ name }: Setting, peer: string): string {
  return peer === peers[0] ? name : `${name}-${peer}`
}

function figure(setting: Setting, ours: number, peer: string, rate: number | null): Figure {
  const { size, width, height } = setting
  return {
    name: figureName(setting, peer),
    ours: Math.round(ours),
    peer: rate,
    unit: 'views/s/core',
    ratio: rate === null ? null : ours / rate,
    about: `${size} px views from ${width} x ${height}, all operators, one thread (${loadAddon().augmentPaths()[0]}); peer: ${peer}`,
  }
}

/** Makes `views` views, batch after batch into the same memory. */
function ours(store: NativeImageStore, { size, images, views }: Setting): () => Promise<number> {
  const family = simclrFamily({ ...simclrSettings('torch', size, 1), blur: 0.5 })
  const augmenter = new (loadAddon().Augmenter)(lower(family, size))
  const perBatch = Math.min(images, size > 64 ? 16 : 250)
  const out = new Float32Array(2 * perBatch * size * size * 3)
  let epoch = 0
  return async () => {
    let made = 0
    const begin = process.cpuUsage()
    while (made < views) {
      const batch = augmenter.batch(store, {
        indices: Uint32Array.from({ length: perBatch }, (_, i) => (made + i) % images),
        epochs: new Uint32Array(perBatch).fill(epoch++),
        seed: 0,
        views: 2,
        labels: null,
      })
      await batch.pixels({ threads: 1, out })
      made += 2 * perBatch
    }
    const { user, system } = process.cpuUsage(begin)
    return made / ((user + system) / 1e6)
  }
}

/** Procedural scenes of the setting's size. */
async function pictures({ width, height, images }: Setting): Promise<NativeImageStore> {
  const { ImageStore } = loadAddon()
  const size = Math.max(width, height)
  const square = new ImageStore(images)
  await square.fillScenes({ seed: 1, first: 0, count: images, size })
  const store = new ImageStore(images)
  for (let i = 0; i < images; i++) {
    const { data, channels } = square.get(i)
    store.set(i, { data: data.subarray(0, width * height * channels), width, height, channels })
  }
  square.dispose()
  return store
}

async function write(store: NativeImageStore, folder: string): Promise<void> {
  for (let i = 0; i < store.count; i++) {
    const { data, width, height, channels } = store.get(i)
    const name = `${`${i}`.padStart(5, '0')}.png`
    await sharp(data, { raw: { width, height, channels } }).png().toFile(join(folder, name))
  }
}
