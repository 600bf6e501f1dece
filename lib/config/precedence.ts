/** Whose settings a run has: defaults, preset, conventions, weights that are there already, the run being resumed, options. */
import { smallImage } from '../augment/index.ts'
import { isNamed } from './data-input.ts'
import type { DataFacts, RunFacts } from './facts.ts'
import { initLayer } from './init.ts'
import type { Layer } from './layers.ts'
import { trainsClassifier } from './objective.ts'
import {
  baseSettings,
  classifierSettings,
  conventionSettings,
  optimizerSettings,
  presets,
} from './presets.ts'
import type { ResolvedConfig } from './resolved.ts'
import type { PresetName, TrainSettings } from './settings.ts'
import { teacherLayer } from './teacher.ts'

/** Of a run with these options; later ones win. */
export function layersFor(options: TrainSettings, facts: RunFacts): Layer[] {
  const { previous, init, teacher } = facts
  const layers = recipeLayers(options, facts)
  if (init) layers.push(initLayer(init))
  if (teacher) layers.push(teacherLayer(teacher))
  if (previous) layers.push(resumedLayer(options, previous))
  layers.push({ by: 'option', why: 'option', values: withoutImages(options) })
  return layers
}

/** Defaults and a preset's recipe, with the convention and the optimizer that the options name in place of its own. */
function recipeLayers(options: TrainSettings, { data, previous, init, teacher }: RunFacts): Layer[] {
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
  return layers
}

/** New epochs take the place of a fixed number of steps. */
function resumedLayer({ epochs }: TrainSettings, { data: _, steps, ...values }: ResolvedConfig): Layer {
  return {
    by: 'resumed',
    why: 'the run being resumed',
    values: epochs === undefined ? { ...values, steps } : values,
  }
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
