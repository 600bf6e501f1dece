/** Which images of a source are used, and the classes they have. */
import { SimclrError } from '../addon/errors.ts'
import { expected, invalid } from '../config/messages.ts'
import { formatList } from '../format.ts'
import { sequence } from './indices.ts'
import { whyUnlabelled, withoutLabels } from './sources/classes.ts'
import type { ImageSource } from './types.ts'

export interface SelectOptions {
  /** Uses so many images, a fixed choice: a larger limit holds all of a smaller one. */
  limit?: number | undefined
  /** Uses so many images of each class: the first in the source's order (folders: sorted by name), or drawn by `limitSeed`. */
  limitPerClass?: number | undefined
  /** Uses this share of the images that have a label, as many of each class: as `limitPerClass`, which it takes the place of. */
  labelFraction?: number | undefined
  /** Another seed, another choice by all three. A larger limit holds all of a smaller one still. */
  limitSeed?: number | undefined
  /** Classes in this order, so that labels mean the same as in another set. */
  classNames?: readonly string[] | undefined
}

/** Of options, those that say which part of a set is used. */
export function partOf({ limit, limitPerClass, labelFraction, limitSeed }: SelectOptions): SelectOptions {
  return { limit, limitPerClass, labelFraction, limitSeed }
}

export interface Selection {
  /** Ascending; null: all. */
  indices: Uint32Array | null
  labels: Int32Array | null
  classNames: readonly string[] | null
}

/** Applies `classNames`, then `limitPerClass` or `labelFraction`, then `limit`. */
export function select(source: ImageSource, options: SelectOptions): Selection {
  const { limit, limitPerClass, labelFraction, limitSeed } = options
  const isPart = [limit, limitPerClass, labelFraction].some((part) => part !== undefined)
  if (limitSeed !== undefined && !isPart) {
    const advice =
      'It draws the images of `limit`, `limitPerClass` and `labelFraction`: give one of them, too.'
    throw invalid(expected('no value, as all images are used,', 'limitSeed', limitSeed, advice))
  }
  if (limitPerClass !== undefined && labelFraction !== undefined) {
    const advice = 'Both say how many images of each class are used: give one of them.'
    throw invalid(expected('no value beside `limitPerClass`', 'labelFraction', labelFraction, advice))
  }
  const all = classesOf(source, options.classNames)
  let indices: Uint32Array | null = null
  if (limitPerClass !== undefined || labelFraction !== undefined) {
    const labels = requireLabels(
      source,
      all.labels,
      labelFraction === undefined ? 'limitPerClass' : 'labelFraction',
    )
    indices = someOfEachClass(labels, limitPerClass ?? perClass(labels, labelFraction!), limitSeed)
  }
  if (limit !== undefined && limit < (indices?.length ?? source.count)) {
    const chosen = byHash(indices?.length ?? source.count, limitSeed)
      .slice(0, limit)
      .sort()
    indices = indices ? chosen.map((at) => indices![at]!) : chosen
  }
  if (indices === null) return { indices, ...all }
  return {
    indices,
    labels: all.labels && Int32Array.from(indices, (at) => all.labels![at]!),
    classNames: all.classNames,
  }
}

/** Where numbers are larger, they are no classes'. */
const mostClasses = 1 << 20

function classesOf(source: ImageSource, wanted: readonly string[] | undefined): Omit<Selection, 'indices'> {
  if (!source.labels) {
    if (wanted === undefined) return { labels: null, classNames: null }
    throw new SimclrError(
      'ERR_SIMCLR_DATA',
      `Expected labelled images but ${withoutLabels(source.name, whyUnlabelled(source), 'use a labelled format')}`,
    )
  }
  const labels = integersOf(source.labels)
  const highest = labels.reduce((a, b) => Math.max(a, b), -1)
  if (!source.classNames && highest >= mostClasses) {
    const advice = `They number classes from 0. Source: ${source.name}.`
    throw invalid(expected(`numbers below ${mostClasses}`, 'labels', highest, advice))
  }
  const names = source.classNames ?? Array.from({ length: highest + 1 }, (_, i) => String(i))
  checkNames(names, source.name)
  checkLabels(source, labels, names.length)
  if (wanted === undefined) return { labels, classNames: names }
  checkNames(wanted, 'the option')
  const places = new Map(wanted.map((name, place) => [name, place]))
  const unknown = names.filter((name) => !places.has(name))
  if (unknown.length > 0) {
    throw new SimclrError(
      'ERR_SIMCLR_DATA',
      `Expected the classes ${formatList(wanted, 12)} but ${source.name} also has ${formatList(unknown, 12)}. Compare the two sets.`,
    )
  }
  const moved = names.map((name) => places.get(name)!)
  return { labels: labels.map((label) => (label < 0 ? -1 : moved[label]!)), classNames: wanted }
}

/** A class's name says which it is: the labels of two sets are compared by it. */
function checkNames(names: readonly string[], source: string): void {
  if (!Array.isArray(names) || names.some((name) => typeof name !== 'string')) {
    throw invalid(expected('an array of strings', 'classNames', names, `Source: ${source}.`))
  }
  if (new Set(names).size === names.length) return
  const twice = names.find((name, i) => names.indexOf(name) !== i)
  throw invalid(
    expected(
      'a name of its own for each class',
      'classNames',
      names,
      `${twice} is there twice. Source: ${source}.`,
    ),
  )
}

/** Throws ERR_SIMCLR_INVALID_ARGUMENT where one is no class's number. */
export function integersOf(labels: ArrayLike<number>): Int32Array {
  const advice = 'Number the classes from 0; `classNames` are their names.'
  if (typeof labels !== 'object' || !Number.isSafeInteger(labels.length)) {
    throw invalid(expected('an array of integers, one an image,', 'labels', labels, advice))
  }
  const integers = Int32Array.from(labels, Number)
  const wrong = integers.findIndex((label, i) => label !== labels[i])
  if (wrong >= 0) {
    throw invalid(expected('integers', `labels[${wrong}]`, labels[wrong], advice))
  }
  return integers
}

function checkLabels(source: ImageSource, labels: Int32Array, classes: number): void {
  if (labels.length !== source.count) {
    const wanted = `one label for each of the ${source.count} images of ${source.name}`
    throw invalid(expected(wanted, 'labels.length', labels.length, 'Images without a class have -1.'))
  }
  const wrong = labels.findIndex((label) => label < -1 || label >= classes)
  if (wrong >= 0) {
    const wanted = `-1 to ${classes - 1}, one of the class names,`
    throw invalid(expected(wanted, `labels[${wrong}]`, labels[wrong], `Source: ${source.name}.`))
  }
}

function requireLabels(source: ImageSource, labels: Int32Array | null, option: string): Int32Array {
  if (labels !== null) return labels
  throw new SimclrError(
    'ERR_SIMCLR_DATA',
    `Expected classes for \`${option}\` but ${withoutLabels(source.name, whyUnlabelled(source), 'use `limit`')}`,
  )
}

/**
 * Images of each class that come to this share of those with a label, at least one (paper, §4.1: "1% or 10% … in a
 * class-balanced way (around 12.8 and 128 images per class respectively)"). A class that has fewer gives all of them.
 */
function perClass(labels: Int32Array, fraction: number): number {
  const labelled = labels.filter((label) => label >= 0)
  return Math.max(1, Math.round((fraction * labelled.length) / new Set(labelled).size))
}

/** Ascending: the first of each class, or those whose hashes are the smallest. */
function someOfEachClass(labels: Int32Array, limit: number, seed: number | undefined): Uint32Array {
  const taken = new Map<number, number>()
  const indices: number[] = []
  for (const index of seed === undefined ? labels.keys() : byHash(labels.length, seed)) {
    const label = labels[index]!
    const before = taken.get(label) ?? 0
    if (label < 0 || before === limit) continue
    taken.set(label, before + 1)
    indices.push(index)
  }
  return Uint32Array.from(indices).sort()
}

/**
 * 0 .. count-1 by ascending hash, another one for each seed. Who takes some takes neither the first ones, because sets
 * are often sorted by class, nor every n-th, because some repeat.
 */
function byHash(count: number, seed: number | undefined): Uint32Array {
  const key = seed === undefined ? 0 : hash(seed)
  const hashOf = seed === undefined ? hash : (i: number) => hash(hash(i) ^ key)
  const hashes = Uint32Array.from({ length: count }, (_, i) => hashOf(i))
  return sequence(count).sort((a, b) => hashes[a]! - hashes[b]!)
}

/** Murmur3's finalizer: 32 well-mixed bits, different ones for every 32-bit number. */
function hash(x: number): number {
  let h = x + 0x9e3779b9
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
