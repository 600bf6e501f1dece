/**
 * Views a second on one core, decoded images to float views with every operator on, `torch` convention: at 32 px
 * from 32 x 32, with exact hue and with fast, at 224 px from 500 x 375. Peers: lightly (the figure), torchvision v2 and kornia beside it. Seconds
 * are the process's own on the processor, all its threads together, so that other work on the machine counts little.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NativeImageStore } from '../../lib/addon/interface.ts'
import { loadAddon } from '../../lib/addon/load.ts'
import { type Scenes, sceneStore } from '../../lib/bench/scenes.ts'
import { atLeast, type Benchmark, type Context, type Measured } from '../figure.ts'
import { Peer } from '../measure/peer.ts'
import { inTurns } from '../measure/turns.ts'
import { writePictures } from '../work/pictures.ts'
import { ViewMaker } from '../work/views.ts'

interface Setting extends Scenes {
  name: string
  size: number
  /** Views that one measurement of ours makes. */
  views: number
  hueMode: 'exact' | 'fast'
}

const settings: readonly Setting[] = [
  { name: 'augment-32', size: 32, width: 32, height: 32, images: 500, views: 40_000, hueMode: 'exact' },
  { name: 'augment-32-fast', size: 32, width: 32, height: 32, images: 500, views: 40_000, hueMode: 'fast' },
  { name: 'augment-224', size: 224, width: 500, height: 375, images: 32, views: 1_280, hueMode: 'exact' },
]
const peers = ['lightly', 'torchvision', 'kornia'] as const

export const augment: Benchmark = {
  targets: {
    'augment-32': atLeast(30),
    'augment-32-torchvision': null,
    'augment-32-kornia': null,
    'augment-32-fast': null,
    'augment-32-fast-torchvision': null,
    'augment-32-fast-kornia': null,
    'augment-224': atLeast(8),
    'augment-224-torchvision': atLeast(20),
    'augment-224-kornia': null,
  },
  async *run(context, wanted) {
    for (const setting of settings) {
      if (!peers.some((peer) => wanted(figureName(setting, peer)))) continue
      for await (const figure of measure(setting, context)) if (wanted(figure.name)) yield figure
    }
  },
}

async function* measure(setting: Setting, { rounds, peers: venv, torch }: Context): AsyncGenerator<Measured> {
  const folder = await mkdtemp(join(tmpdir(), 'simclr-bench-'))
  const store = await sceneStore({ ...setting, seed: 1 })
  try {
    const sides = [ours(store, setting)]
    if (venv !== null) {
      await writePictures(store, folder, 'png')
      using peer = new Peer(venv, 'augment.py', ['--images', folder, '--size', setting.size])
      const measured = await inTurns(rounds, [...sides, ...peers.map((name) => () => peer.measure(name))])
      for (const [i, name] of peers.entries())
        yield { ...figure(setting, measured[0]!, name, measured[i + 1]!), rounds, torch }
    } else {
      const [rate] = await inTurns(rounds, sides)
      yield { ...figure(setting, rate!, peers[0], null), rounds, torch }
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

function figure(setting: Setting, ours: number, peer: string, rate: number | null) {
  const { size, width, height, hueMode } = setting
  return {
    name: figureName(setting, peer),
    ours: Math.round(ours),
    peer: rate,
    unit: 'views/s/core',
    about: `${size} px views from ${width} x ${height}, all operators, ${hueMode} hue, one thread (${loadAddon().augmentPaths()[0]}); peer: ${peer}`,
  }
}

/** Makes `views` views, batch after batch into the same memory. */
function ours(store: NativeImageStore, { size, images, views, hueMode }: Setting): () => Promise<number> {
  const maker = new ViewMaker(size, Math.min(images, size > 64 ? 16 : 250), hueMode)
  return async () => {
    const begin = process.cpuUsage()
    for (let made = 0; made < views; made += 2 * maker.perBatch) await maker.make(store, (made / 2) % images)
    const { user, system } = process.cpuUsage(begin)
    return views / ((user + system) / 1e6)
  }
}
