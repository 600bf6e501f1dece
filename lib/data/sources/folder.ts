/** A folder of images: flat, nested, or one folder a class. */
import type { Dirent } from 'node:fs'
import { lstat, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { SimclrError } from '../../addon/errors.ts'
import { readBytesOf } from '../../io/read.ts'
import { imageExtensions, sniff } from '../sniff.ts'
import type { ImageSource, Skipped } from '../types.ts'
import { classesOfPaths } from './classes.ts'

/** Opens a folder. Throws ERR_SIMCLR_DATA where it is none, or holds nothing that could be an image. */
export async function openFolder(folder: string): Promise<ImageSource> {
  const paths: string[] = []
  const ignored: Skipped[] = []
  const folders: string[] = []
  await walk(folder, '', [], {
    image: (path) => paths.push(path),
    other: (skipped) => ignored.push(skipped),
    folder: (path) => folders.push(path),
  })
  if (paths.length === 0) {
    throw new SimclrError(
      'ERR_SIMCLR_DATA',
      `Expected images in ${folder} but found ${whatThereIs(ignored)}.`,
    )
  }
  return {
    name: folder,
    count: paths.length,
    ignored,
    ...classesOfPaths(paths, withoutImages(folders, paths)),
    nameOf: (index) => paths[index]!,
    read: (index) => join(folder, paths[index]!),
  }
}

interface Visitor {
  image(path: string): void
  other(skipped: Skipped): void
  /** Before what is in it. */
  folder(path: string): void
}

/** Those of the folders directly inside that no image is in. */
function withoutImages(folders: readonly string[], paths: readonly string[]): string[] {
  const used = new Set(paths.map((path) => path.split('/')[0]!))
  return folders.filter((folder) => !folder.includes('/') && !used.has(folder))
}

/** Visits files in the order of their names, folder by folder; hidden ones are passed over, links are followed. */
async function walk(root: string, inside: string, above: string[], visit: Visitor): Promise<void> {
  const here = join(root, inside)
  let entries: Dirent[]
  try {
    const { dev, ino } = await stat(here)
    const identity = `${dev}:${ino}`
    if (above.includes(identity)) return // a link to a folder that holds it
    above = [...above, identity]
    entries = await readdir(here, { withFileTypes: true })
  } catch (error) {
    if (inside === '') throw error
    visit.other({ name: inside, reason: 'unreadable', detail: (error as Error).message })
    return
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const entry of entries) {
    if (entry.name.startsWith('.') || entry.name === '__MACOSX') continue
    const path = inside === '' ? entry.name : `${inside}/${entry.name}`
    if (await hasForeignName(join(root, path), entry.name)) {
      visit.other({ name: path, reason: 'unreadable', detail: 'its name is not UTF-8; rename it (convmv)' })
      continue
    }
    const kind = entry.isSymbolicLink() ? await stat(join(root, path)).catch(() => entry) : entry
    if (kind.isDirectory()) {
      visit.folder(path)
      await walk(root, path, above, visit)
    } else if (await isCandidate(join(root, path), entry.name)) visit.image(path)
    else visit.other({ name: path, reason: 'not an image', detail: 'by its name' })
  }
}

/** Of other bytes than Node has made of it: what is called so then is not there. */
async function hasForeignName(path: string, name: string): Promise<boolean> {
  if (!name.includes('\ufffd')) return false
  return await lstat(path).then(
    () => false,
    () => true,
  )
}

/** By the name's ending; a name without one is looked into. */
async function isCandidate(path: string, name: string): Promise<boolean> {
  if (name.includes('.')) return imageExtensions.test(name)
  try {
    if (!(await stat(path)).isFile()) return false
    return sniff(await readBytesOf(path, 0, 64)) !== null
  } catch {
    return false
  }
}

function whatThereIs(ignored: readonly Skipped[]): string {
  if (ignored.length === 0) return 'no files at all'
  const endings = new Map<string, number>()
  for (const { name, reason } of ignored) {
    const ending =
      reason === 'unreadable' ? `unreadable: ${name}` : (/\.[^./]+$/.exec(name)?.[0] ?? 'no ending')
    endings.set(ending, (endings.get(ending) ?? 0) + 1)
  }
  const most = [...endings].sort((a, b) => b[1] - a[1]).slice(0, 8)
  const files = ignored.length === 1 ? '1 file' : `${ignored.length} files`
  return `${files} (${most.map(([ending, count]) => `${count} ${ending}`).join(', ')}), none of them an image`
}
