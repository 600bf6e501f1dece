import type { NativeLearner, StepResult } from '../../lib/addon/interface.ts'
import { views } from './support.ts'

/** 20 steps, with all that may change from step to step. */
export interface Travel {
  /** Images of each step of an epoch; the last batch is smaller. */
  epoch: readonly number[]
  /** Pixels of a side, in the first ten steps and after them. */
  sizes: readonly [number, number]
  /** Of the first step; those after it have up to three times as much. */
  lr: number
  /** Of so many images; null without a linear head. */
  labels: ((images: number) => Int32Array) | null
  /** Of each image. Default 2. */
  views?: number
}

export async function travel(learner: NativeLearner, told: Travel): Promise<StepResult[]> {
  const { epoch, sizes, lr, labels, views: each = 2 } = told
  const results: StepResult[] = []
  for (let step = 0; step < 20; step++) {
    const images = epoch[step % epoch.length]!
    const given = views(each * images, sizes[step < 10 ? 0 : 1], step)
    results.push(await learner.stepViews(given, labels?.(images) ?? null, lr * (1 + (step % 3))))
  }
  return results
}
