/** What no option can tell alone. */
import type { DataFacts } from './facts.ts'
import { expected, invalid } from './messages.ts'
import { noLabels, trainsClassifier } from './objective.ts'
import type { ResolvedConfig } from './resolved.ts'

/** Refuses options that do not go together, or not with these images. Throws ERR_SIMCLR_INVALID_ARGUMENT. */
export function checkTogether(config: ResolvedConfig, data: DataFacts): void {
  const { encoder, optimizer, schedule, probe, precision, device, validation } = config
  if (validation.metric === 'classifier' && !trainsClassifier(config)) {
    const advice = "Only the objectives 'supervised' and 'distill' train a classifier."
    throw invalid(expected("'knn' or 'linear'", 'validation.metric', validation.metric, advice))
  }
  if (validation.patience !== null && validation.data === null) {
    const advice = 'Name labelled images that are not trained on.'
    throw invalid(expected('held-out images, as patience needs them,', 'validation.data', null, advice))
  }
  if (encoder.skRatio > 0 && encoder.convention !== 'paper') {
    const advice = "Set encoder.convention to 'paper': torchvision has no selective kernels."
    throw invalid(expected('0', 'encoder.skRatio', encoder.skRatio, advice))
  }
  for (const [i, { size }] of (config.resolution ?? []).entries()) {
    if (size <= config.imageSize) continue
    const advice = 'Low-to-high resolution ends at `imageSize`: lower the size, or raise that.'
    throw invalid(
      expected(`at most \`imageSize\` (${config.imageSize})`, `resolution[${i}].size`, size, advice),
    )
  }
  checkOptimizer(optimizer)
  if (schedule.name === 'step' && schedule.milestones === null) {
    const advice = 'Say after which epochs the learning rate falls, such as [60, 80].'
    throw invalid(expected("epochs, as the schedule 'step' needs them,", 'schedule.milestones', null, advice))
  }
  if (probe.linearHead && !data.labelled) {
    throw invalid(expected('false', 'probe.linearHead', true, noLabels(data.whyUnlabelled)))
  }
  if (probe.everyEpochs > 0 && !data.labelled) {
    const advice = noLabels(data.whyUnlabelled)
    throw invalid(expected('0', 'probe.everyEpochs', probe.everyEpochs, advice))
  }
  checkPrecision(precision, device)
}

/** Is this precision one of the device's? */
export function checkPrecision(precision: string, device: string): void {
  if (precision === 'tf32' && device === 'cpu') {
    const advice = 'tf32 needs a GPU.'
    throw invalid(expected("'bf16', 'fp16', 'fp32' or 'fp64' on a CPU", 'precision', precision, advice))
  }
}

function checkOptimizer({
  name,
  lr,
  encoderLr,
  momentum,
  nesterov,
  epsilon,
}: ResolvedConfig['optimizer']): void {
  if (encoderLr !== null && lr === 0) {
    const advice = "The encoder's learning rate follows the classifier's schedule, as a multiple of it."
    throw invalid(expected('a number above 0 with `optimizer.encoderLr`', 'optimizer.lr', lr, advice))
  }
  if (name === 'adam' || name === 'adamw') {
    if (nesterov) {
      const advice = "Nesterov's look ahead is for 'lars' and 'sgd'."
      throw invalid(expected(`false with '${name}'`, 'optimizer.nesterov', nesterov, advice))
    }
    if (epsilon === 0) {
      const advice = 'A weight without gradient would be divided by 0.'
      throw invalid(expected(`a number above 0 with '${name}'`, 'optimizer.epsilon', epsilon, advice))
    }
  } else if (nesterov && momentum === 0) {
    throw invalid(expected('a number above 0', 'optimizer.momentum', 0, 'Nesterov momentum needs momentum.'))
  }
}
