/**
 * Views a second with all cores at once, by the clock, beside one core's times the number of cores: 1 is a machine whose
 * cores do not disturb each other. The same views as augment-32 and augment-224, exact hue.
 */
import { sceneStore } from '../../lib/bench/scenes.ts'
import { atLeast, type Benchmark, type Context, type Measured } from '../figure.ts'
import { inTurns } from '../measure/turns.ts'
import { ViewMaker } from '../work/views.ts'

const settings = [
  { name: 'augment-32-cores', size: 32, width: 32, height: 32, images: 512, views: 81_920 },
  { name: 'augment-224-cores', size: 224, width: 500, height: 375, images: 32, views: 2_560 },
]

export const augmentCores: Benchmark = {
  targets: { 'augment-32-cores': atLeast(0.9), 'augment-224-cores': atLeast(0.9) },
  async *run(context, wanted) {
    for (const setting of settings) if (wanted(setting.name)) yield await measure(setting, context)
  },
}

async function measure(
  { name, views, ...scenes }: (typeof settings)[number],
  { rounds, limits: { cores } }: Context,
): Promise<Measured> {
  const store = await sceneStore({ ...scenes, seed: 1 })
  const { size, width, height, images } = scenes
  const maker = new ViewMaker(size, images)
  const rate = (threads: number) => async () => {
    const batches = Math.ceil((views * threads) / cores / (2 * images))
    const begin = performance.now()
    for (let i = 0; i < batches; i++) await maker.make(store, 0, threads)
    return (1000 * batches * 2 * images) / (performance.now() - begin)
  }
  try {
    const [all, one] = await inTurns(rounds, [rate(cores), rate(1)])
    return {
      name,
      ours: Math.round(all!),
      peer: Math.round(cores * one!),
      unit: 'views/s',
      about:
        `${size} px views from ${width} x ${height}, all operators, exact hue, ${cores} threads; "peer": ${cores} times ours with one, ` +
        `${Math.round(one!).toLocaleString('en')} views/s`,
      rounds,
      torch: null,
    }
  } finally {
    store.dispose()
  }
}
