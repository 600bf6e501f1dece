/** `tar:FILE`: the images inside a tar archive, with classes where they lie in one folder a class. */
import { SimclrError } from '../../addon/errors.ts'
import { imageExtensions } from '../sniff.ts'
import type { Spec } from '../spec.ts'
import type { ImageSource, Skipped } from '../types.ts'
import { type ArchiveMember, Archives, type Place, placeOf } from './archive.ts'
import { classesOfPaths } from './classes.ts'
import { TarNames, unreadable } from './tar-names.ts'

/** Images are in the archive's own order. Folders that hold everything (`train/cat/1.jpg`) do not count as classes. */
export async function openTar(spec: Spec): Promise<ImageSource> {
  const archives = await Archives.open([spec.path])
  const places: Place[] = []
  const names: string[] = []
  const { images, ignored, all } = await members(archives)
  for (const { name, kind, link, place } of images) {
    // Read from front to back, nothing can be had twice.
    const found = kind === 'file' || !archives.isPlain ? place : all.placeOf(name)
    if (found === null) ignored.push(unreadable({ name, link }))
    else {
      places.push(found)
      names.push(name)
    }
  }
  if (places.length === 0) {
    throw new SimclrError(
      'ERR_SIMCLR_DATA',
      `Expected images in ${spec.path} but found ${ignored.length} other files.`,
    )
  }
  return {
    name: spec.path,
    count: places.length,
    ignored,
    ...classesOfPaths(withoutCommonFolders(names)),
    nameOf: (index) => names[index]!,
    ...archives.reader(places),
  }
}

interface Found extends Pick<ArchiveMember, 'name' | 'kind' | 'link'> {
  /** Of a file. */
  place: Place | null
}

/** Links may lead to what comes after them, hence one pass before anything is looked up. */
async function members(archives: Archives): Promise<{ images: Found[]; ignored: Skipped[]; all: TarNames }> {
  const images: Found[] = []
  const ignored: Skipped[] = []
  const all = new TarNames()
  for await (const member of archives.members()) {
    const { name, kind, link } = member
    all.add(member)
    if (isHidden(name)) continue
    const place = kind === 'file' ? placeOf(member) : null
    if (imageExtensions.test(name)) images.push({ name, kind, link, place })
    else if (place) ignored.push({ name, reason: 'not an image', detail: 'by its name' })
  }
  return { images, ignored, all }
}

function isHidden(name: string): boolean {
  return name.split('/').some((part) => part.startsWith('.') || part === '__MACOSX')
}

function withoutCommonFolders(names: readonly string[]): string[] {
  const folders = names[0]!.split('/').slice(0, -1)
  let common = folders.length
  for (const name of names) {
    const parts = name.split('/').slice(0, -1)
    while (common > 0 && folders.slice(0, common).join('/') !== parts.slice(0, common).join('/')) common -= 1
  }
  return names.map((name) => name.split('/').slice(common).join('/'))
}
