/** Classes from paths: `cat/1.jpg`, `dog/1.jpg`. */
import { formatList } from '../../format.ts'
import type { ImageSource } from '../types.ts'

/** What a source tells of its classes where they come from paths. */
export interface PathClasses extends Pick<ImageSource, 'labels' | 'classNames'> {
  /** Null where it has labels. */
  whyUnlabelled: string | null
}

/** Folders of a set's parts, which are no classes. */
const part = /^(train|training|val|valid|validation|dev|test|testing)$/i

/**
 * One class a folder where every image lies in one, at any depth, of two or more that are not a set's parts; else no
 * labels. Classes are numbered in the order of their names, as torchvision's ImageFolder numbers them. `empty`: folders
 * beside them that have no images.
 */
export function classesOfPaths(paths: readonly string[], empty: readonly string[] = []): PathClasses {
  const unlabelled = (whyUnlabelled: string) => ({ labels: null, classNames: null, whyUnlabelled })
  const folders: string[] = []
  for (const path of paths) {
    const end = path.indexOf('/')
    if (end < 0) return unlabelled(`${path} does not lie in a folder of its class`)
    folders.push(path.slice(0, end))
  }
  const classNames = [...new Set(folders)].sort()
  if (classNames.length > 1) {
    const areParts = classNames.every((name) => part.test(name))
    if (areParts)
      return unlabelled(`its folders, ${classNames.join(', ')}, are parts of a set: name one of them`)
    return { ...labelsByName(folders, classNames), whyUnlabelled: null }
  }
  const have = empty.length === 1 ? 'has' : 'have'
  const none = empty.length === 0 ? '' : ` (${formatList(empty, 5)} ${have} none)`
  return unlabelled(`all its images lie in one folder, ${classNames[0]}${none}`)
}

/** Why a source has no labels, where it knows; else null. */
export function whyUnlabelled(source: ImageSource): string | null {
  return (source as Partial<PathClasses>).whyUnlabelled ?? null
}

/** "pets has no labels: … Put …", the end of a message that expected them; `or`: what else can be done. */
export function withoutLabels(name: string, why: string | null, or: string): string {
  const because = why === null ? '' : `: ${why}`
  return `${name} has no labels${because}. Put the images into one folder a class, at least two folders with images, or ${or}.`
}

/** Labels from class names, one an image; an empty name is no class. */
export function labelsByName(
  names: readonly string[],
  classNames = [...new Set(names)].filter((name) => name !== '').sort(),
): { labels: Int32Array; classNames: string[] } {
  const number = new Map(classNames.map((name, i) => [name, i]))
  return { labels: Int32Array.from(names, (name) => number.get(name) ?? -1), classNames }
}
