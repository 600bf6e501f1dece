/** Classes from paths: `cat/1.jpg`, `dog/1.jpg`. */
import type { ImageSource } from '../types.ts'

/**
 * One class a folder where every image lies exactly one level down, in two folders or more; else no labels.
 * Classes are numbered in the order of their names.
 */
export function classesOfPaths(paths: readonly string[]): Pick<ImageSource, 'labels' | 'classNames'> {
  const folders: string[] = []
  for (const path of paths) {
    const parts = path.split('/')
    if (parts.length !== 2) return { labels: null, classNames: null }
    folders.push(parts[0]!)
  }
  const classNames = [...new Set(folders)].sort()
  return classNames.length < 2 ? { labels: null, classNames: null } : labelsByName(folders, classNames)
}

/** Labels from class names, one an image; an empty name is no class. */
export function labelsByName(
  names: readonly string[],
  classNames = [...new Set(names)].filter((name) => name !== '').sort(),
): { labels: Int32Array; classNames: string[] } {
  const number = new Map(classNames.map((name, i) => [name, i]))
  return { labels: Int32Array.from(names, (name) => number.get(name) ?? -1), classNames }
}
