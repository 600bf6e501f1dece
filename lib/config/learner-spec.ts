import type { LearnerSpec, OptimizerSpec } from '../addon/interface.ts'
import { graphMode } from './cuda-graph.ts'
import type { ResolvedConfig } from './resolved.ts'

/** Is there a linear head: the classifier that is trained, or the online one? */
export function hasLinearHead({ objective, probe }: ResolvedConfig): boolean {
  return objective === 'supervised' || probe.linearHead
}

/** What native code needs of a configuration. `classes`: of the linear head, 0 without. */
export function learnerSpec(config: ResolvedConfig, classes: number): LearnerSpec {
  const {
    encoder,
    head,
    objective,
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
    supervised: objective === 'supervised',
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
