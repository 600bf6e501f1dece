/**
 * From what the caller said to what will run, and why: preset, conventions, optimizer, data and machine each
 * decide what was left open, in this one place.
 */
import { SimclrError } from '../addon/errors.ts'
import { colorStrength, smallImage } from '../augment/index.ts'
import { fitBatch } from './batch.ts'
import { resolveGraph } from './cuda-graph.ts'
import { isNamed } from './data-input.ts'
import { type Init, initLayer, requireOwn } from './init.ts'
import { askedFor, type Layer, mergeLayers } from './layers.ts'
import { expected, invalid } from './messages.ts'
import { notesOn } from './notes.ts'
import { checkObjective, noLabels, trainsClassifier } from './objective.ts'
import { autoPrecision } from './precision.ts'
import {
  baseSettings,
  classifierSettings,
  conventionSettings,
  optimizerSettings,
  presets,
} from './presets.ts'
import type { NotedResolution, ResolvedConfig } from './resolved.ts'
import { lengthInEpochs, type ScheduleSettings, totalEpochs, totalSteps, warmupSteps } from './schedule.ts'
import type { PresetName, TrainSettings } from './settings.ts'
import { requireSameViews, type TeacherFacts, teacherLayer } from './teacher.ts'

/** What resolving has to know about the data. */
export interface DataFacts {
  /** Images that will be trained on. */
  images: number
  /** Usual shorter side, pixels; null: unknown or mixed. */
  imageSize: number | null
  labelled: boolean
  /** Why they are not, where their source knows. */
  whyUnlabelled?: string | null
  /** The scenes of `npm start`, taken because no data were named. */
  isDefault: boolean
}

/** What resolving has to know about the machine. */
export interface MachineFacts {
  cores: number
  /** Names as in getDevices(): `cpu`, `cuda:0`, … */
  devices: string[]
  /** Why there is no GPU that can be used, or why one of them cannot; null if nothing is wrong. */
  gpuProblem: string | null
  /** How many times as fast as fp32 the CPU multiplies bf16; 0 where it cannot. Measured when called. */
  bf16Speed: () => number
  /** Processes that share every batch. Default 1. */
  ranks?: number
}

/** `options` must be valid; `previous` is of the run being resumed, `init` and `teacher` what options of these names name. Throws ERR_SIMCLR_INVALID_ARGUMENT or ERR_SIMCLR_DEVICE for what cannot run. */
export function resolve(
  options: TrainSettings,
  data: DataFacts,
  machine: MachineFacts,
  previous?: ResolvedConfig,
  init?: Init,
  teacher?: TeacherFacts,
): NotedResolution {
  const layers = layersFor(options, data, previous, init, teacher)
  const { values, why } = mergeLayers(layers)
  if (!isNamed(options.validation?.data)) {
    delete values.validation!.data // absent, as `data` of a source in memory is
    delete why['validation.data']
  }
  const set = (name: string, text: string) => {
    why[name] = { by: 'circumstances', text }
  }
  const remark = (name: string, note: string) => {
    why[name] = { ...why[name]!, note }
  }
  const config = values as ResolvedConfig
  const { augment, schedule } = config
  if (init) requireOwn(init, config)
  if (teacher) requireSameViews(teacher, config)
  fitBatch(config, options, data.images, previous !== undefined, set) // before anything that counts in batches

  if (values.encoder?.stem === 'auto') {
    config.encoder.stem = config.imageSize <= smallImage ? 'cifar' : 'imagenet'
    set('encoder.stem', `auto: ${config.imageSize} px images`)
  }
  const [colors, shares] = [colorStrength(augment.strength), colorStrength(1)]
  for (const name of ['brightness', 'contrast', 'saturation', 'hue'] as const) {
    if (augment[name] !== undefined) continue
    augment[name] = colors[name]
    set(`augment.${name}`, `${shares[name]} × augment.strength`)
  }
  if (options.epochs === undefined && config.steps !== null) {
    config.epochs = totalEpochs(scheduleSettings(config, data.images))
    set('epochs', 'as many as `steps` reach')
  }
  const length = lengthInEpochs(scheduleSettings(config, data.images))
  if (!previous && options.schedule?.warmupEpochs === undefined && schedule.warmupEpochs >= length) {
    schedule.warmupEpochs = length / 10
    set('schedule.warmupEpochs', 'a tenth of a short run')
  }
  if (!data.labelled && options.probe?.everyEpochs === undefined) {
    config.probe.everyEpochs = 0
    set('probe.everyEpochs', 'the images have no labels')
  }
  if (values.threads === 'auto') {
    config.threads = machine.cores
    set('threads', `auto: this machine has ${machine.cores} cores`)
  }
  if (options.threads === undefined && config.threads > machine.cores) {
    config.threads = machine.cores
    remark('threads', `this machine has ${machine.cores} cores`)
  }
  if (options.chunkSize && config.chunkSize! < config.batchSize) {
    remark('chunkSize', 'BatchNorm normalises each chunk by its own statistics')
  }
  const { optimizer } = config
  if (
    !previous &&
    options.optimizer?.nesterov === undefined &&
    optimizer.nesterov &&
    optimizer.momentum === 0
  ) {
    optimizer.nesterov = false
    set('optimizer.nesterov', '`optimizer.momentum` is 0')
  }
  resolveDevice(config, machine, set)
  resolveGraph(config, machine.ranks ?? 1, set)
  checkTogether(config, data)
  checkObjective(config, data)

  const settled = scheduleSettings(config, data.images)
  const plan = {
    images: data.images,
    epochs: totalEpochs(settled),
    steps: totalSteps(settled),
    warmupSteps: warmupSteps(settled),
  }
  const isAsked = askedFor(layers)
  const usualSide = init || teacher ? null : data.imageSize // theirs is the size of views, too
  const notes = notesOn(config, settled, { isAsked, usualSide, ranks: machine.ranks ?? 1 })
  return { config, why, plan, schedule: settled, notes }
}

/** The schedule of a resolved configuration on so many images. */
export function scheduleSettings(config: ResolvedConfig, images: number): ScheduleSettings {
  return {
    convention: config.schedule.convention,
    images,
    batchSize: config.batchSize,
    epochs: config.epochs,
    steps: config.steps,
    warmupEpochs: config.schedule.warmupEpochs,
    lr: config.optimizer.lr,
    scaling: config.schedule.scaling,
    name: config.schedule.name,
    milestones: config.schedule.milestones,
    gamma: config.schedule.gamma,
  }
}

function layersFor(
  options: TrainSettings,
  data: DataFacts,
  previous: ResolvedConfig | undefined,
  init: Init | undefined,
  teacher: TeacherFacts | undefined,
): Layer[] {
  const named = options.preset ?? previous?.preset
  const name = named ?? defaultPreset(options, data)
  const preset = presets[name]
  const known = (teacher ?? init)?.preprocessing.imageSize
  const presetSize = named === undefined && isOfOwnSize(data) ? null : preset.imageSize
  const imageSize = options.imageSize ?? known ?? presetSize ?? ownSize(data)
  const recipe = preset.settings(imageSize)
  const optimizer = options.optimizer?.name ?? recipe.optimizer!.name!
  const own = optimizer === recipe.optimizer?.name
  const why = options.preset ? `preset ${name}` : `preset ${name} (default for this data)`
  const convention = options.convention ?? recipe.convention!
  const conventionLayer: Layer = {
    by: 'convention',
    why: `convention ${convention}`,
    values: conventionSettings(convention),
  }
  const objective = options.objective ?? previous?.objective ?? recipe.objective ?? 'contrastive'
  const classifier: Layer = {
    by: 'objective',
    why: `objective ${objective}`,
    values: { objective, ...classifierSettings },
  }
  const layers: Layer[] = [
    { by: 'default', why: 'default', values: baseSettings(imageSize) },
    ...(trainsClassifier({ objective }) ? [classifier] : []),
    { by: 'preset', why, values: { preset: name } },
    {
      by: presetSize === null ? 'circumstances' : 'preset',
      why: presetSize === null ? 'the images' : why,
      values: { imageSize },
    },
    conventionLayer,
    {
      by: 'preset',
      why,
      values: own
        ? recipe
        : { ...recipe, optimizer: {}, schedule: { warmupEpochs: recipe.schedule!.warmupEpochs } },
    },
  ]
  if (!own) {
    const asked = optimizer === 'sgd' ? undefined : options.optimizer?.convention // SGD reads none of its own
    const values = optimizerSettings(optimizer, asked ?? convention, objective)
    layers.push({ by: 'optimizer', why: `optimizer ${optimizer}`, values })
  }
  // One name for the whole set beats a preset that mixes conventions.
  if (options.convention) layers.push(conventionLayer)
  if (init) layers.push(initLayer(init))
  if (teacher) layers.push(teacherLayer(teacher))
  if (previous) {
    // New epochs take the place of a fixed number of steps.
    const { data: _, steps, ...values } = previous
    layers.push({
      by: 'resumed',
      why: 'the run being resumed',
      values: options.epochs === undefined ? { ...values, steps } : values,
    })
  }
  layers.push({ by: 'option', why: 'option', values: withoutImages(options) })
  return layers
}

/** No configuration holds the held-out images themselves. */
function withoutImages(options: TrainSettings): TrainSettings {
  const { validation } = options
  if (isNamed(validation?.data)) return options
  return { ...options, validation: { ...validation, data: undefined } }
}

function defaultPreset({ objective }: TrainSettings, data: DataFacts): PresetName {
  if (objective === 'supervised') return 'fine-tune'
  if (objective === 'distill') return 'distill'
  if (data.isDefault) return 'sample'
  return data.imageSize !== null && data.imageSize <= 64 ? 'cifar' : 'imagenet'
}

/** Photographs are larger than what is trained on; images of up to this many pixels are taken as they are. */
const ownSizeUpTo = 128

function ownSize({ imageSize }: DataFacts): number {
  return imageSize !== null && imageSize <= ownSizeUpTo ? Math.max(imageSize, 8) : 224
}

/** Whether a preset that nobody named leaves the images their size: its own would blow them up, or shrink them unasked. */
function isOfOwnSize({ imageSize, isDefault }: DataFacts): boolean {
  return !isDefault && imageSize !== null && imageSize > smallImage && imageSize <= ownSizeUpTo
}

type Set = (name: string, reason: string) => void

function resolveDevice(config: ResolvedConfig, machine: MachineFacts, set: Set): void {
  const asked = config.device as string
  config.device = pickDevice(asked, machine)
  if (asked === 'auto') {
    set('device', config.device === 'cpu' ? `auto: no GPU. ${machine.gpuProblem}` : 'auto: a GPU is there')
  }
  if ((config.precision as string) === 'auto') {
    const { precision, why } = autoPrecision(config.device, machine.bf16Speed)
    config.precision = precision
    set('precision', `auto: ${why}`)
  }
}

/** The device's full name. Throws ERR_SIMCLR_DEVICE where it is not there: only 'auto' falls back. */
export function pickDevice(asked: string, { devices, gpuProblem, ranks = 1 }: MachineFacts): string {
  const gpu = devices.find((device) => device.startsWith('cuda'))
  // Each rank has a GPU of its own, whichever another had when the configuration was written.
  const anyGpu = asked === 'cuda' || (ranks > 1 && asked.startsWith('cuda:'))
  const device = asked === 'auto' ? (gpu ?? 'cpu') : anyGpu ? (gpu ?? 'cuda:0') : asked
  if (devices.includes(device)) return device
  const here = `Devices here: ${devices.join(', ')}.`
  const advice = gpuProblem === null ? here : `${here} ${gpuProblem}`
  throw new SimclrError('ERR_SIMCLR_DEVICE', expected('a device of this machine', 'device', asked, advice))
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

/** What no option can tell alone. */
function checkTogether(config: ResolvedConfig, data: DataFacts): void {
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
  if (precision === 'tf32' && device === 'cpu') {
    const advice = 'tf32 needs a GPU.'
    throw invalid(expected("'bf16', 'fp16', 'fp32' or 'fp64' on a CPU", 'precision', precision, advice))
  }
}
