/**
 * The pieces of SimCLR on typed arrays, for tests and for those who build a loop of their own. All but
 * `augment` and `linearProbe` are the code that `train()` runs.
 *
 * @example
 * import { ops } from 'simclr'
 * const z = Float32Array.of(1, 0, 0, 1, 0.9, 0.1, 0.2, 0.8) // 2 images, 2 views, dim 2
 * const { loss, gradient } = ops.ntXent(z, { dim: 2, temperature: 0.5 })
 */
export type { PixelImage } from './augment.ts'
export type { NtXentOptions, NtXentResult } from './loss.ts'
export type { NearestOptions, Neighbours, SimilarityMetric } from './nearest.ts'
export type { AdamOptions, AdamVariable, LarsOptions, SgdOptions, Variable } from './optimizer.ts'
export * as ops from './pieces.ts'
export type { KnnProbeOptions, LinearProbeOptions, ProbeOptions } from './probes.ts'
export type { ImageBatch, ResnetModel, ResnetOptions } from './resnet.ts'
