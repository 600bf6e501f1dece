/** trainsteps_*: complete pretraining steps with the supervised head; tf2/run.py. */
import type { OptimizerSpec, Precision, Stem } from '../addon/interface.ts'
import {
  cosineSchedule,
  learningRate,
  type Scaling,
  type ScheduleSettings,
  totalSteps,
} from '../config/schedule.ts'
import { relativeL2, type Summary, summaryError } from './compare.ts'
import type { Golden } from './golden.ts'
import { type GoldenVariable, imagesOf, learnerFor, Placed } from './network.ts'
import type { Report } from './report.ts'

interface StepValues {
  step: number
  lr: number
  contrastive_loss: number
  contrast_acc: number
  contrast_entropy: number
  supervised_loss: number
  supervised_acc?: number
  weight_decay_loss?: number
  global_grad_norm?: number
}

interface TrainGolden {
  /** Name of the network's own file, `resnet_paper_<network>.json`. */
  network: string
  input_tensor: string
  labels: number[]
  num_classes: number
  recipe_seed: number
  config: {
    num_examples: number
    train_batch_size: number
    train_epochs: number
    warmup_epochs: number
    learning_rate: number
    learning_rate_scaling: Scaling
    weight_decay: number
    momentum: number
    temperature: number
    optimizer: string
    num_proj_layers: number
    total_steps?: number
  }
  steps: StepValues[]
  final_variables: Record<string, Summary>
}

interface NetworkGolden {
  depth: number
  width_multiplier: number
  sk_ratio: number
  stem: Stem
  proj_out_dim: number
  variables: GoldenVariable[]
}

export async function verifyTrainSteps(golden: Golden, report: Report, device: string): Promise<void> {
  for (const precision of ['fp32', 'fp64'] as const) await verifyIn(precision, golden, report, device)
}

async function verifyIn(precision: Precision, golden: Golden, report: Report, device: string): Promise<void> {
  const { network: name, config, steps, labels, num_classes: classes, ...rest } = golden.as<TrainGolden>()
  const network = (await golden.folder.open(`resnet_paper_${name}.json`)).as<NetworkGolden>()
  const { depth, width_multiplier: width, sk_ratio: skRatio, stem, variables } = network
  const schedule = scheduleOf(config)
  const add = (quantity: string, error: number, tolerance: number) =>
    report.add(`${quantity} ${precision}`, error, tolerance)
  const double = precision === 'fp64'

  using learner = learnerFor(
    { depth, width, stem, convention: 'paper', skRatio },
    {
      layers: config.num_proj_layers,
      dim: network.proj_out_dim,
      precision,
      device,
      temperature: config.temperature,
      classes,
      optimizer: optimizerOf(config),
    },
  )
  const placed = new Placed(variables, 'paper')
  await learner.load(placed.state(await learner.state(), rest.recipe_seed))
  const images = imagesOf(await golden.reference(rest.input_tensor))
  const classOf = Int32Array.from(labels)

  if (config.total_steps !== undefined)
    add('total steps', Math.abs(totalSteps(schedule) - config.total_steps), 0)
  for (const expected of steps) {
    const at = `step ${expected.step}`
    const lr = learningRate(schedule, expected.step)
    add(`${at} lr`, Math.abs(lr - expected.lr) / (config.learning_rate || 1), 1e-6)
    // A step does not report the decay term it differentiates; `gradients` does, but moves the statistics.
    const before = await learner.state()
    const { weightDecayLoss } = await learner.gradients(images, classOf)
    await learner.load(before)
    const result = await learner.stepViews(images, classOf, lr)
    const early = expected.step <= 1
    const tolerance = golden.tolerance(early ? 'losses' : 'losses_later', double ? 1e-5 : early ? 1e-4 : 2e-2)
    const compare = (what: string, actual: number, wanted: number | undefined) => {
      if (wanted === undefined) return
      add(`${at} ${what}`, Math.abs(actual - wanted) / Math.max(1, double ? Math.abs(wanted) : 1), tolerance)
    }
    compare('contrastive_loss', result.loss, expected.contrastive_loss)
    compare('contrast_entropy', result.entropy!, expected.contrast_entropy)
    compare('supervised_loss', result.probeLoss!, expected.supervised_loss)
    compare('weight_decay_loss', weightDecayLoss, expected.weight_decay_loss)
    add(`${at} contrast_acc`, Math.abs(result.contrastiveAccuracy! - expected.contrast_acc), 1e-6)
    if (expected.supervised_acc !== undefined)
      add(`${at} supervised_acc`, Math.abs(result.probeAccuracy! - expected.supervised_acc), 1e-6)
    if (expected.global_grad_norm !== undefined) {
      const error = Math.abs(result.gradientNorm - expected.global_grad_norm) / expected.global_grad_norm
      add(`${at} global_grad_norm`, error, double ? 1e-5 : early ? 1e-3 : 2e-2)
    }
  }

  const tolerance = golden.tolerance('final_variables', double ? 1e-5 : 2e-2)
  const addFinal = (quantity: string, error: number) => add(`final ${quantity}`, error, tolerance)
  await verifyFinal(golden, placed.goldenValues(await learner.state()), addFinal)
}

/** The variables after the last step, by role. */
async function verifyFinal(
  golden: Golden,
  values: ReturnType<Placed['goldenValues']>,
  add: (quantity: string, error: number) => void,
): Promise<void> {
  for (const [role, summary] of Object.entries(golden.as<TrainGolden>().final_variables)) {
    const own = values.get(role)
    if (!own) throw new RangeError(`No final value of ${role} was computed`)
    add(role, summaryError(own, summary, `w.${role}`))
  }
  for (const role of await golden.names('w/')) {
    const expected = await golden.values(`w/${role}`)
    add(`${role} values`, relativeL2(values.get(role)!, expected))
  }
}

function scheduleOf(config: TrainGolden['config']): ScheduleSettings {
  return {
    convention: 'paper',
    images: config.num_examples,
    batchSize: config.train_batch_size,
    epochs: config.train_epochs,
    steps: null,
    warmupEpochs: config.warmup_epochs,
    lr: config.learning_rate,
    scaling: config.learning_rate_scaling,
    ...cosineSchedule,
  }
}

function optimizerOf(config: TrainGolden['config']): OptimizerSpec {
  if (config.optimizer !== 'lars')
    throw new RangeError(`Expected lars as optimizer but received ${config.optimizer}`)
  return {
    name: 'lars',
    convention: 'paper',
    momentum: config.momentum,
    nesterov: false,
    weightDecay: config.weight_decay,
    trustCoefficient: 0.001,
    classicMomentum: true,
    epsilon: 0,
  }
}
