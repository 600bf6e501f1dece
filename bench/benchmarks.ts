/** The benchmarks, in the order in which they are run and listed. */
import type { Benchmark } from './figure.ts'
import { augment } from './figures/augment.ts'
import { augmentCores } from './figures/augment-cores.ts'
import { jpeg } from './figures/jpeg.ts'
import { lars } from './figures/lars.ts'
import { loop } from './figures/loop.ts'
import { ntXent } from './figures/nt_xent.ts'
import { ranks } from './figures/ranks.ts'
import { sharedCore } from './figures/shared-core.ts'
import { startUp } from './figures/start-up.ts'
import { step } from './figures/step.ts'
import { stepMemory } from './figures/step-memory.ts'

export const benchmarks: readonly Benchmark[] = [
  augment,
  augmentCores,
  jpeg,
  ntXent,
  step,
  stepMemory,
  lars,
  loop,
  startUp,
  sharedCore,
  ranks,
]

/** Those whose peers need PyTorch and nothing else. */
export const onlyTorch: ReadonlySet<Benchmark> = new Set([ntXent, step, stepMemory, sharedCore])

/** Every figure's name. */
export const known: readonly string[] = benchmarks.flatMap(({ targets }) => Object.keys(targets))
