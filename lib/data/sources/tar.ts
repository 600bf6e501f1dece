/** `tar:FILE`: the images inside a tar archive, with classes where they lie in one folder a class. */
import { SimclrError } from '../../addon/errors.ts'
import { imageExtensions } from '../sniff.ts'
import type { Spec } from '../spec.ts'
import type { ImageSource, Skipped } from '../types.ts'
import { Archives, type Place } from './archive.ts'
import { classesOfPaths } from './classes.ts'

/** Images are in the archive's own order. Folders that hold everything (`train/cat/1.jpg`) do not count as classes. */
export async function openTar(spec: Spec): Promise<ImageSource> {
  const archives = await Archives.open([spec.path])
  const places: Place[] = []
  const names: string[] = []
  const ignored: Skipped[] = []
  for await (const { name, archive, offset, size } of archives.members()) {
    if (isHidden(name)) continue
    if (imageExtensions.test(name)) {
      places.push({ archive, offset, size })
      names.push(name)
    } else {
      ignored.push({ name, reason: 'not an image', detail: 'by its name' })
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
