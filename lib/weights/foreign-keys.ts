/**
 * Where an encoder lies in weights that others have trained: below which prefix of their names, under torchvision's
 * names or numbered by `nn.Sequential(*list(resnet.children())[:-1])`, and what beside it is no part of it.
 */
import { SimclrError } from '../addon/errors.ts'
import type { EncoderSpec } from '../addon/interface.ts'

/** An array by its name and shape. */
export interface NamedShape {
  name: string
  shape: number[]
}

/** How an encoder was found in a file that simclr has not written. */
export interface ForeignWeights {
  /** What its arrays' names begin with, e.g. `state_dict.module.encoder_q.`; '' where with nothing. */
  prefix: string
  /** Parts of the file that are no part of the encoder, e.g. `state_dict.module.encoder_q.fc`, each by its arrays' common name. */
  unused: string[]
}

/** An encoder's arrays under torchvision's names. */
export interface FoundEncoder<T extends NamedShape> extends ForeignWeights {
  arrays: T[]
}

/** Copies that follow a network by moving average: MoCo's keys, BYOL's target, DINO's teacher. */
const momentumCopy = /(^|[._])(k|key|ema|momentum|target|teacher)(?=[._])/

/**
 * The one encoder among `arrays`, momentum copies aside where what they follow is there too; null where none has a
 * ResNet's first convolution. Throws ERR_SIMCLR_INCOMPATIBLE_WEIGHTS for several.
 */
export function findEncoder<T extends NamedShape>(
  path: string,
  arrays: readonly T[],
): FoundEncoder<T> | null {
  const every = stems(arrays)
  const trained = every.filter(({ prefix }) => !momentumCopy.test(prefix))
  const [stem, other] = trained.length > 0 ? trained : every
  if (!stem) return null
  if (other) {
    throw new SimclrError(
      'ERR_SIMCLR_INCOMPATIBLE_WEIGHTS',
      `Expected one encoder in ${path} but it has several, whose names begin with ${quoted(every)}. Write a file with the one that is meant.`,
    )
  }
  const { prefix } = stem
  if (stem.lacks !== null) {
    throw new SimclrError(
      'ERR_SIMCLR_INCOMPATIBLE_WEIGHTS',
      `Expected ${stem.lacks} between the first BatchNorm and the first group of blocks under "${prefix}" in ${path} but their numbers follow each other: ` +
        "a Sequential of another network's children loses what its forward() does between them. Train a whole ResNet, or torchvision's children.",
    )
  }
  const own: T[] = []
  const used = new Set<string>()
  const rest: string[] = []
  for (const array of arrays) {
    const name = array.name.startsWith(prefix) ? stem.rename(array.name.slice(prefix.length)) : null
    if (name === null) {
      rest.push(array.name)
    } else {
      own.push({ ...array, name })
      for (const part of partsOf(array.name)) used.add(part)
    }
  }
  const unused = rest.map((name) => partsOf(name).find((part) => !used.has(part)) ?? name)
  return { prefix, arrays: own, unused: [...new Set(unused)] }
}

/** `a`, `a.b` and `a.b.c` of `a.b.c`. */
function partsOf(name: string): string[] {
  const keys = name.split('.')
  return keys.map((_, i) => keys.slice(0, i + 1).join('.'))
}

interface Stem {
  prefix: string
  /** torchvision's name for a name behind the prefix; null for what is no part of a ResNet's encoder. */
  rename: (name: string) => string | null
  /** What a Sequential has too few children for; else null. */
  lacks: string | null
}

/** The first convolutions of ResNets: their kernels see three channels. */
function stems(arrays: readonly NamedShape[]): Stem[] {
  return arrays.flatMap(({ name, shape }) => {
    if (shape.length !== 4 || shape[1] !== 3) return []
    const [, prefix, key] = /^(.*\.|)(conv1|\d+)\.weight$/.exec(name) ?? []
    if (prefix === undefined) return []
    if (key === 'conv1') return [{ prefix, rename: named, lacks: null }]
    const groups = numberedGroups(arrays, prefix)
    if (groups.length !== 4) return []
    const first = Number(key)
    const numbers = new Map([
      [String(first), 'conv1'],
      [String(first + 1), 'bn1'],
      ...groups.map((number, i) => [String(number), `layer${i + 1}`] as const),
    ])
    // A stem of 3x3 kernels has no pooling, and torchvision's is then left out or replaced by nn.Identity.
    const [between, needed] = [groups[0]! - first - 2, shape[2] === 7 ? ['ReLU', 'pooling'] : ['ReLU']]
    const lacks = between < needed.length ? needed.join(' and ') : null
    return [{ prefix, rename: (numbered) => renumbered(numbered, numbers), lacks }]
  })
}

/** As torchvision has it; lightly's own ResNets say `shortcut`. */
function named(name: string): string | null {
  if (!/^(conv1|bn1|layer[1-4])\./.test(name)) return null
  return name.replace(/^(layer\d\.\d+)\.shortcut\./, '$1.downsample.')
}

/** Numbers of a Sequential's children that begin with a block, in order. */
function numberedGroups(arrays: readonly NamedShape[], prefix: string): number[] {
  const groups = arrays.flatMap(({ name }) => {
    const behind = name.startsWith(prefix) ? name.slice(prefix.length) : ''
    const [, number] = /^(\d+)\.0\.conv1\.weight$/.exec(behind) ?? []
    return number === undefined ? [] : [Number(number)]
  })
  return groups.sort((a, b) => a - b)
}

function renumbered(name: string, numbers: ReadonlyMap<string, string>): string | null {
  const [number = ''] = name.split('.', 1)
  const key = numbers.get(number)
  return key === undefined ? null : named(key + name.slice(number.length))
}

/** Parts that a sentence names. */
const mostNamed = 8

/** For people: what was taken for the encoder and what was left; null where a file holds nothing else, under torchvision's names. */
export function foreignNote(
  path: string,
  { arch }: EncoderSpec,
  { prefix, unused }: ForeignWeights,
): string | null {
  if (prefix === '' && unused.length === 0) return null
  const where = prefix === '' ? '' : ` whose names begin with ${prefix}`
  const more = unused.length > mostNamed ? ` and ${unused.length - mostNamed} more` : ''
  const left = unused.length === 0 ? '' : ` Not used: ${unused.slice(0, mostNamed).join(', ')}${more}.`
  return `${path}: the arrays${where} are a ${arch}.${left}`
}

function quoted(stems: readonly Stem[]): string {
  return stems.map(({ prefix }) => `"${prefix}"`).join(' and ')
}
