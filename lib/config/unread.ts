/**
 * Options that a run never reads, because of what others are. Naming one is no error, so that sweeps and runs again go on,
 * but is said. What would ask for another run stays an error: to switch on or hand over what cannot be
 * (Adam with `nesterov`, a `teacher` to a contrastive run; check.ts, objective.ts).
 */
import { show } from './messages.ts'
import { learnsLabels, trainsClassifier } from './objective.ts'
import type { ResolvedConfig } from './resolved.ts'

interface Reading {
  options: readonly string[]
  /** Options that decide whether these are read; empty where processes do. */
  by: readonly string[]
  isRead: (config: ResolvedConfig, ranks: number) => boolean
}

const isAdam = ({ name }: ResolvedConfig['optimizer']) => name === 'adam' || name === 'adamw'
const isLars = ({ name }: ResolvedConfig['optimizer']) => name === 'lars'

/** lightly's LARS leaves what does not decay as it is (native/core/optim/lars.cc): without decay it is SGD. */
export function neverAdapts({ name, convention, weightDecay }: ResolvedConfig['optimizer']): boolean {
  return name === 'lars' && convention === 'torch' && weightDecay === 0
}

/** The first entry that is not read says why. Held by learner-spec.ts, native/core/optim and augment/recipes.ts. */
export const readings: readonly Reading[] = [
  {
    options: ['optimizer.beta1', 'optimizer.beta2'],
    by: ['optimizer.name'],
    isRead: ({ optimizer }) => isAdam(optimizer),
  },
  { options: ['optimizer.momentum'], by: ['optimizer.name'], isRead: ({ optimizer }) => !isAdam(optimizer) },
  { options: ['optimizer.decayAll'], by: ['optimizer.name'], isRead: ({ optimizer }) => !isLars(optimizer) },
  {
    options: ['optimizer.decayAll'],
    by: ['optimizer.weightDecay'],
    isRead: ({ optimizer }) => optimizer.weightDecay > 0,
  },
  {
    options: ['optimizer.trustCoefficient', 'optimizer.classicMomentum'],
    by: ['optimizer.name'],
    isRead: ({ optimizer }) => isLars(optimizer),
  },
  {
    options: ['optimizer.convention', 'optimizer.epsilon'],
    by: ['optimizer.name'],
    isRead: ({ optimizer }) => optimizer.name !== 'sgd',
  },
  {
    options: ['optimizer.classicMomentum'],
    by: ['optimizer.convention'],
    isRead: ({ optimizer }) => optimizer.convention === 'paper',
  },
  {
    options: ['optimizer.epsilon'],
    by: ['optimizer.name', 'optimizer.convention'],
    isRead: ({ optimizer }) => !isLars(optimizer) || optimizer.convention === 'torch',
  },
  {
    options: ['optimizer.trustCoefficient', 'optimizer.epsilon'],
    by: ['optimizer.convention', 'optimizer.weightDecay'],
    isRead: ({ optimizer }) => !neverAdapts(optimizer),
  },
  {
    options: ['schedule.milestones', 'schedule.gamma'],
    by: ['schedule.name'],
    isRead: ({ schedule }) => schedule.name === 'step',
  },
  {
    options: ['optimizer.encoderLr'],
    by: ['fineTuneAfterBlock', 'head.keep'],
    isRead: ({ fineTuneAfterBlock, head }) => fineTuneAfterBlock < 4 || head.keep > 0,
  },
  {
    options: ['labelSmoothing'],
    by: ['objective', 'distillation.weight'],
    isRead: (config) => trainsClassifier(config) && learnsLabels(config),
  },
  {
    options: ['distillation.temperature', 'distillation.weight'],
    by: ['objective'],
    isRead: ({ objective }) => objective === 'distill',
  },
  {
    options: ['temperature', 'loss.scale', 'loss.normalize', 'head.dim', 'distributed.globalNegatives'],
    by: ['objective'],
    isRead: (config) => !trainsClassifier(config),
  },
  {
    options: ['head.layers', 'head.hidden', 'head.convention'],
    by: ['objective', 'head.keep'],
    isRead: (config) => !trainsClassifier(config) || config.head.keep > 0,
  },
  {
    options: ['head.dim', 'head.hidden', 'head.convention'],
    by: ['head.layers'],
    isRead: ({ head }) => head.layers > 0,
  },
  { options: ['head.hidden'], by: ['head.layers'], isRead: ({ head }) => head.layers > 1 },
  {
    options: [
      ...['distributed.syncBatchNorm', 'distributed.globalNegatives', 'distributed.compressGradients'],
      'distributed.timeoutSeconds',
    ],
    by: [],
    isRead: (_, ranks) => ranks > 1,
  },
  {
    options: [
      ...['augment.strength', 'augment.brightness', 'augment.contrast', 'augment.saturation', 'augment.hue'],
      ...['augment.brightnessMode', 'augment.hueMode'],
    ],
    by: ['augment.jitter'],
    isRead: ({ augment }) => augment.jitter > 0,
  },
  {
    options: ['augment.brightnessMode'],
    by: ['augment.brightness'],
    isRead: ({ augment }) => augment.brightness > 0,
  },
  { options: ['augment.hueMode'], by: ['augment.hue'], isRead: ({ augment }) => augment.hue > 0 },
  { options: ['augment.blurSigma'], by: ['augment.blur'], isRead: ({ augment }) => augment.blur > 0 },
  {
    options: ['augment.quarterTurnMode'],
    by: ['augment.quarterTurn'],
    isRead: ({ augment }) => augment.quarterTurn > 0,
  },
  {
    options: ['probe.images', 'probe.k', 'probe.temperature'],
    by: ['probe.everyEpochs', 'validation.data'],
    isRead: ({ probe, validation }) => probe.everyEpochs > 0 || validation.data !== null,
  },
  {
    options: ['probe.k', 'probe.temperature'],
    by: ['probe.everyEpochs', 'validation.metric'],
    isRead: ({ probe, validation }) => probe.everyEpochs > 0 || validation.metric === 'knn',
  },
  {
    options: ['probe.images'],
    by: ['probe.everyEpochs', 'validation.metric'],
    isRead: ({ probe, validation }) => probe.everyEpochs > 0 || validation.metric !== 'classifier',
  },
  {
    options: ['validation.metric', 'validation.everyEpochs'],
    by: ['validation.data'],
    isRead: ({ validation }) => validation.data !== null,
  },
]

/** A sentence that lists what was asked for and is never read, each with the reason; null where there is nothing. */
export function unreadNote(
  config: ResolvedConfig,
  ranks: number,
  isAsked: (name: string) => boolean,
): string | null {
  const told = new Set<string>()
  const byReason = new Map<string, string[]>()
  for (const { options, by, isRead } of readings) {
    if (isRead(config, ranks)) continue
    const reasons = by.map((name) => `\`${name}\` is ${show(settled(config, name))}`)
    const reason = by.length > 0 ? reasons.join(' and ') : 'there is one process'
    for (const name of options) {
      if (told.has(name) || !isAsked(name)) continue
      told.add(name)
      byReason.set(reason, [...(byReason.get(reason) ?? []), `\`${name}\``])
    }
  }
  if (told.size === 0) return null
  const groups = [...byReason].map(([reason, names]) => `${names.join(', ')} (${reason})`)
  return `Options were given that this run never reads: ${groups.join('; ')}. It trains as it would without them.`
}

function settled(config: ResolvedConfig, name: string): unknown {
  return name.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], config)
}
