/** What config.json holds. A run's folder may be another's, so what is read of it is checked first. */
import { z } from 'zod'
import { SimclrError } from '../addon/errors.ts'
import type { Reason } from '../config/reason.ts'
import type { Resolution, ResolvedConfig } from '../config/resolved.ts'

export interface RunConfig {
  /** Version of the package that wrote it. */
  simclr: string
  /** Pass it to `train()`, or the file to `simclr train --config`, for the same run. */
  options: ResolvedConfig
  /** Dotted option name → who decided it. */
  why: Record<string, Reason>
  data: { name: string; images: number; classes: string[] | null }
  /** Held-out images; null without. */
  validation: { name: string; images: number } | null
  plan: Resolution['plan']
}

const count = z.int().min(0)
const positive = z.int().min(1)
/** What is read of a run's options. Kinds, not ranges: other versions have others, and members that this one does not know. */
const options = z.looseObject({
  preset: z.string(),
  data: z.string().optional(),
  limit: positive.optional(),
  limitPerClass: positive.optional(),
  labelFraction: z.number().optional(),
  limitSeed: count.optional(),
  maxSkipped: z.number(),
  objective: z.string(),
  imageSize: positive,
  encoder: z.looseObject({ arch: z.string(), width: z.number(), stem: z.string() }),
  batchSize: positive,
  temperature: z.number(),
  optimizer: z.looseObject({ name: z.string(), lr: z.number() }),
  augment: z.looseObject({}),
  device: z.string(),
  precision: z.string(),
  threads: positive,
  seed: count,
})
const reason = z.looseObject({ by: z.string(), text: z.string(), note: z.string().optional() })
const schema = z.object({
  simclr: z.string(),
  options,
  why: z.record(z.string(), reason),
  // An app's own source may be without a name.
  data: z.object({ name: z.string().optional(), images: count, classes: z.array(z.string()).nullable() }),
  validation: z.object({ name: z.string().optional(), images: count }).nullable(),
  plan: z.object({ images: count, epochs: count, steps: count, warmupSteps: count }),
})

/** Reads the text of `path`. Throws ERR_SIMCLR_CORRUPT_FILE where it is no JSON or not a run's, naming what is wrong. */
export function parseConfig(text: string, path: string): RunConfig {
  const corrupt = (message: string, options?: ErrorOptions) =>
    new SimclrError('ERR_SIMCLR_CORRUPT_FILE', `${message}. Restore it, or start in another folder.`, options)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw corrupt(`Expected JSON in ${path}: ${(error as Error).message}`, { cause: error })
  }
  const { error } = schema.safeParse(value)
  if (error === undefined) return value as RunConfig
  const wrong = error.issues.map(
    ({ path: keys, message }) => `${message} (\`${keys.join('.') || 'all of it'}\`)`,
  )
  throw corrupt(`Expected a run's config.json but ${path} is not: ${wrong.join('; ')}`, { cause: error })
}
