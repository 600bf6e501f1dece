import type { LearnerSpec, OptimizerSpec, TeacherSpec } from '../addon/interface.ts'
import { graphMode } from './cuda-graph.ts'
import { trainsClassifier } from './objective.ts'
import type { ResolvedConfig } from './resolved.ts'

/** What native code needs of a configuration. `classes`: of the linear head, 0 without. */
export function learnerSpec(
  config: ResolvedConfig,
  classes: number,
  teacher: TeacherSpec | null = null,
): LearnerSpec {
  const {
    encoder,
    head,
    distillation,
    labelSmoothing,
    fineTuneAfterBlock,
    loss,
    temperature,
    views,
    precision,
    device,
    threads,
    seed,
    recompute,
    chunkSize,
    distributed,
  } = config
  return {
    encoder,
    head,
    loss: { temperature, views, ...loss },
    optimizer: optimizerSpec(config.optimizer),
    classes,
    supervised: trainsClassifier(config),
    teacher,
    distillation,
    labelSmoothing,
    encoderLrScale: encoderLrScale(config.optimizer),
    maxGradientNorm: config.optimizer.maxGradientNorm,
    fineTuneAfterBlock,
    precision,
    device,
    shards: threads,
    seed,
    recompute,
    chunkSize,
    graph: graphMode(config),
    globalBatchNorm: distributed.syncBatchNorm,
    globalNegatives: distributed.globalNegatives,
    compressGradients: distributed.compressGradients,
  }
}

/** What else a learner has that never steps: a network to look into, or its fresh weights. */
export const atRest = {
  loss: { temperature: 1, scale: 1, normalize: true },
  optimizer: { name: 'sgd', momentum: 0, nesterov: false, weightDecay: 0, decayAll: false },
  classes: 0,
  shards: 1,
} as const satisfies Partial<LearnerSpec>

/** The encoder's learning rate is this times the classifier's, in every step. */
function encoderLrScale({ lr, encoderLr }: ResolvedConfig['optimizer']): number {
  return encoderLr === null ? 1 : encoderLr / lr
}

function optimizerSpec(options: ResolvedConfig['optimizer']): OptimizerSpec {
  const { name, convention, momentum, nesterov, weightDecay, epsilon, decayAll } = options
  if (name === 'sgd') return { name, momentum, nesterov, weightDecay, decayAll }
  if (name !== 'lars') {
    const { beta1, beta2 } = options
    return { name, convention, beta1, beta2, epsilon, weightDecay, decayAll }
  }
  const { trustCoefficient, classicMomentum } = options
  return {
    name,
    convention,
    momentum,
    nesterov,
    weightDecay,
    trustCoefficient,
    classicMomentum,
    epsilon,
  }
}
