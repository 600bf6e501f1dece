/**
 * The types of options from the schemas that validate them, so that editors and docs/api/simclr.api.md have each
 * option's name, type and text: `npx tsx scripts/option-types.ts`; a test compares the two.
 */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { z } from 'zod'
import { embedOptions, encoderOptions, loadOptions, randomOptions } from '../lib/config/encoder-options.ts'
import { objectInside } from '../lib/config/messages.ts'
import { type OptionDoc, optionDocs } from '../lib/config/option.ts'
import { trainOptions } from '../lib/config/options.ts'
import { type TrainSettings, trainSettings } from '../lib/config/settings.ts'
import { evaluateOptions } from '../lib/evaluate/options.ts'
import { ntXentOptions } from '../lib/ops/loss.ts'
import { nearestOptions } from '../lib/ops/nearest.ts'
import { adamOptions, larsOptions, sgdOptions } from '../lib/ops/optimizer.ts'
import { knnOptions, linearOptions, rowOptions } from '../lib/ops/probes.ts'
import { resnetOptions } from '../lib/ops/resnet.ts'
import { described } from './options-doc.ts'
import { typeOf } from './schema-type.ts'

/** An interface to be written. */
interface Root {
  name: string
  about: string
  schema: z.ZodObject
  /** Another interface of this schema's members; only what it lacks is written. */
  base?: { name: string; schema: z.ZodObject }
}

interface Module {
  imports: readonly string[]
  roots: readonly Root[]
  /** Types of members that their schemas leave to a function, and names for unions. */
  named?: Readonly<Record<string, string>>
  /** Aliases beside the interfaces. */
  aliases?: readonly string[]
}

/** Interfaces of nested groups, by the member's name. */
const groupNames = {
  encoder: 'ArchitectureOptions',
  head: 'HeadOptions',
  loss: 'LossOptions',
  distillation: 'DistillationOptions',
  optimizer: 'OptimizerOptions',
  schedule: 'ScheduleOptions',
  augment: 'AugmentOptions',
  distributed: 'DistributedOptions',
  probe: 'OnlineProbeOptions',
  validation: 'ValidationOptions',
  checkpoint: 'CheckpointOptions',
} as const satisfies Partial<Record<keyof TrainSettings, string>>
const preprocessing = encoderOptions.shape.preprocessing
const interfaces = new Map<z.ZodType, string>([
  ...Object.entries(groupNames).map(([key, name]) => [groupOf(key), name] as const),
  [preprocessing, 'PreprocessingOptions'],
])
const importData = (from: string) => `import type { DataInput } from '${from}data/open.ts'`
const presetName = typeOf(trainSettings.shape.preset)
const metric = typeOf(nearestOptions.shape.metric)

const modules: Readonly<Record<string, Module>> = {
  'lib/config/types/groups.ts': {
    imports: [importData('../../')],
    roots: Object.entries(groupNames).map(([key, name]) => {
      const group = groupOf(key)
      return { name, about: optionDocs.get(group)!.about, schema: objectInside(group)! }
    }),
    named: { data: 'DataInput' },
  },
  'lib/config/types/train-settings.ts': {
    imports: [`import type { ${Object.values(groupNames).sort().join(', ')} } from './groups.ts'`],
    roots: [{ name: 'TrainSettings', about: 'The options that describe a run.', schema: trainSettings }],
    named: { preset: 'PresetName' },
    aliases: [`/** A named recipe. */\nexport type PresetName = ${presetName}`],
  },
  'lib/config/types/train-options.ts': {
    imports: [
      importData('../../'),
      "import type { TrainEvent } from '../../run/events.ts'",
      "import type { TrainSettings } from './train-settings.ts'",
    ],
    roots: [
      {
        name: 'TrainOptions',
        about: 'What `train()` takes.',
        schema: trainOptions,
        base: { name: 'TrainSettings', schema: trainSettings },
      },
    ],
    named: { data: 'DataInput', onProgress: '(event: TrainEvent) => void', signal: 'AbortSignal' },
  },
  'lib/config/types/encoder-options.ts': {
    imports: [],
    roots: [
      {
        name: 'PreprocessingOptions',
        about: 'How images are prepared for an encoder.',
        schema: objectInside(preprocessing)!,
      },
      {
        name: 'EncoderOptions',
        about: 'How an encoder computes, wherever it is from.',
        schema: encoderOptions,
      },
      {
        name: 'LoadOptions',
        about: 'What `Encoder.load` takes beside a file.',
        schema: loadOptions,
        base: { name: 'EncoderOptions', schema: encoderOptions },
      },
      {
        name: 'RandomOptions',
        about: 'What `Encoder.random` takes beside architecture and preprocessing.',
        schema: randomOptions,
        base: { name: 'EncoderOptions', schema: encoderOptions },
      },
      {
        name: 'EmbedOptions',
        about: 'What `Encoder.embed`, `embedBatches` and `classify` take beside images.',
        schema: embedOptions,
      },
    ],
    named: { signal: 'AbortSignal' },
  },
  'lib/evaluate/types.ts': {
    imports: [importData('../'), "import type { Encoder } from '../encoder.ts'"],
    roots: [
      {
        name: 'AnyEvaluateOptions',
        about: 'What `evaluate()` takes, whatever the probe.',
        schema: evaluateOptions,
      },
    ],
    named: {
      encoder: 'Encoder | string',
      data: 'DataInput',
      test: 'DataInput',
      signal: 'AbortSignal',
      onProgress: '(progress: { name: string; done: number; total: number }) => void',
    },
  },
  'lib/ops/types.ts': {
    imports: ["import type { Arch, Convention, Precision, Stem } from '../addon/interface.ts'"],
    roots: [
      { name: 'NtXentOptions', about: 'What `ops.ntXent` takes beside rows.', schema: ntXentOptions },
      { name: 'LarsOptions', about: 'What `ops.lars` takes beside variables.', schema: larsOptions },
      { name: 'SgdOptions', about: 'What `ops.sgd` takes beside variables.', schema: sgdOptions },
      {
        name: 'AdamOptions',
        about: 'What `ops.adam` and `ops.adamw` take beside variables.',
        schema: adamOptions,
      },
      { name: 'ResnetOptions', about: 'What `ops.resnet` takes.', schema: resnetOptions },
      { name: 'NearestOptions', about: 'What `ops.nearest` takes beside rows.', schema: nearestOptions },
      { name: 'ProbeOptions', about: 'What both probes take beside rows.', schema: rowOptions },
      {
        name: 'KnnProbeOptions',
        about: 'What `ops.knn` takes beside rows.',
        schema: knnOptions,
        base: { name: 'ProbeOptions', schema: rowOptions },
      },
      {
        name: 'LinearProbeOptions',
        about: 'What `ops.linearProbe` takes beside rows.',
        schema: linearOptions,
        base: { name: 'ProbeOptions', schema: rowOptions },
      },
    ],
    named: {
      arch: 'Arch',
      convention: 'Convention',
      precision: 'Precision',
      stem: 'Stem',
      metric: 'SimilarityMetric',
    },
    aliases: [
      `/** What makes rows near: the angle between them, or their Euclidean distance. */\nexport type SimilarityMetric = ${metric}`,
    ],
  },
}

function groupOf(key: string): z.ZodType {
  return trainSettings.shape[key as keyof typeof groupNames]
}

/** The text of each file of option types. */
export function optionTypes(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(modules).map(([file, module]) => [file, moduleText(module)] as const),
  )
}

const heading = `/**
 * Types of options, written by scripts/option-types.ts from the schemas that validate them. A § without a name is of the
 * SimCLR paper (arXiv 2002.05709), tf2/ its code, google-research/simclr.
 */`

function moduleText({ imports, roots, named = {}, aliases = [] }: Module): string {
  const written = roots.map((root) => interfaceText(root, named))
  return `${[[heading, ...imports.map(wrapImport)].join('\n'), ...aliases.map(wrapAlias), ...written].join('\n\n')}\n`
}

function interfaceText({ name, about, schema, base }: Root, named: Readonly<Record<string, string>>): string {
  const own = Object.entries(schema.shape).filter(([key]) => !(base && key in base.schema.shape))
  const members = own.map(([key, member]) => memberText(key, member as z.ZodType, named))
  return `/** ${about} */\nexport interface ${name}${base ? ` extends ${base.name}` : ''} {\n${members.join('\n')}\n}`
}

function memberText(key: string, member: z.ZodType, named: Readonly<Record<string, string>>): string {
  const doc = optionDocs.get(member)
  if (!doc) throw new Error(`Expected a text for the option ${key}: define it with option() or group().`)
  const type = interfaces.get(member) ?? typeOf(member, named[key])
  return `${comment(textOf(member, doc))}\n${declaration(key, type, member.def.type === 'optional')}`
}

function textOf(member: z.ZodType, doc: OptionDoc): string {
  const what = isToldByType(member) ? doc.about : described(doc)
  const sentences = [what]
  if (doc.default !== null) sentences.push(`Default: ${doc.default}.`)
  if (doc.source !== undefined) sentences.push(`Source: ${doc.source}.`)
  return sentences.join(' ')
}

/** Need nobody say in words what it takes? */
function isToldByType(member: z.ZodType): boolean {
  const { type, innerType } = member.def as { type: string; innerType?: z.ZodType }
  if (interfaces.has(member) || ['enum', 'boolean'].includes(type)) return true
  return type === 'optional' && isToldByType(innerType!)
}

/** Width of a line, as biome has it. */
const width = 110

function comment(text: string): string {
  const single = `  /** ${text} */`
  if (single.length <= width) return single
  const lines = ['']
  for (const word of text.split(' ')) {
    const line = lines.at(-1)!
    if (`   * ${line} ${word}`.length > width) lines.push(word)
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`
  }
  return ['  /**', ...lines.map((line) => `   * ${line}`), '   */'].join('\n')
}

/** `name?: type | undefined`, over several lines where it is long. */
function declaration(key: string, type: string, isOptional: boolean): string {
  const whole = type.includes('=>') ? `(${type})` : type
  const parts = isOptional ? [whole, 'undefined'] : [whole]
  const start = `  ${key}${isOptional ? '?' : ''}:`
  const line = `${start} ${parts.join(' | ')}`
  if (line.length <= width) return line
  return [start, ...parts.flatMap((part) => part.split(' | ')).map((part) => `    | ${part}`)].join('\n')
}

function wrapImport(line: string): string {
  if (line.length <= width) return line
  const [, names, from] = /\{ (.*) \} (.*)/.exec(line)!
  return `import type {\n  ${names!.replaceAll(', ', ',\n  ')},\n} ${from}`
}

function wrapAlias(text: string): string {
  const [line, above] = [text.split('\n').at(-1)!, text.split('\n').slice(0, -1)]
  if (line.length <= width) return text
  const [name, type] = line.split(' = ')
  return [...above, `${name} =`, ...type!.split(' | ').map((part) => `  | ${part}`)].join('\n')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [file, text] of Object.entries(optionTypes()))
    writeFileSync(new URL(`../${file}`, import.meta.url), text)
}
