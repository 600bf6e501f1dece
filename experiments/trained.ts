/** A training whose folder lives only as long as what is measured of it. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mergeLayers } from '../lib/config/layers.ts'
import { type Run, type TrainOptions, train } from '../lib/index.ts'

/** An experiment's base, one arm's change of it, and what the experiment says of every arm. */
export interface Options {
  base: TrainOptions
  change: TrainOptions
  own: TrainOptions
}

/** Trains in a folder of its own, without probes or a report, and hands both to `measure`; afterwards they are gone. */
export async function withTrained<T>(
  { base, change, own }: Options,
  measure: (run: Run, folder: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'simclr-experiment-'))
  const quiet: TrainOptions = { out: folder, report: false, probe: { everyEpochs: 0 } }
  const layers = { base, change, own, quiet }
  try {
    const { values } = mergeLayers(
      Object.entries(layers).map(([why, values]) => ({ by: 'option', why, values })),
    )
    const run = await train(values as TrainOptions)
    using _encoder = run.encoder
    return await measure(run, folder)
  } finally {
    await rm(folder, { recursive: true })
  }
}
