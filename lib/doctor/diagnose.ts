/** Everything that `simclr doctor` looks at, in the order in which problems are best mended. */
import { tryAddon } from './addon.ts'
import { binaries } from './binaries.ts'
import type { Finding } from './finding.ts'
import { gpu } from './gpu.ts'
import { packages } from './packages.ts'
import { cache, cLibrary, node, processor } from './system.ts'
import { trainStep } from './training.ts'

export type { Finding } from './finding.ts'

/** Yields findings as they come: the last ones load the addon and train, each in a process of its own. */
export async function* diagnose(): AsyncGenerator<Finding> {
  let clear = true
  const judged = (findings: readonly Finding[]) => {
    clear &&= findings.every(({ state }) => state !== 'problem')
    return findings
  }
  yield* judged([node(), cLibrary(), processor(), cache()])
  yield* judged(gpu())
  yield* judged(await packages())
  yield* judged(binaries())
  if (clear) yield* judged([tryAddon()])
  if (clear) yield* judged([await trainStep()])
}
