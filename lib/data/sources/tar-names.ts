/** What the names inside a tar stand for: files, and links to files. */
import { posix } from 'node:path'
import type { Skipped } from '../types.ts'
import { type ArchiveMember, type Place, placeOf } from './archive.ts'

/** Of one archive. */
export class TarNames {
  readonly #files = new Map<string, Place>()
  readonly #links = new Map<string, string>()

  add(member: ArchiveMember): void {
    const { name, link, kind } = member
    if (kind === 'file') this.#files.set(name, placeOf(member))
    else if (link !== null) this.#links.set(name, targetOf(name, link, kind))
  }

  /** Where the contents of `name` lie, by what has been added so far; null: not in this archive, or in none that can be read. */
  placeOf(name: string): Place | null {
    let at = name
    for (let steps = 0; steps < 40; steps++) {
      const file = this.#files.get(at)
      if (file) return file
      const next = this.#links.get(at)
      if (next === undefined) return null
      at = next
    }
    return null // links in a circle
  }
}

/** A member that should be an image and cannot be read. */
export function unreadable({ name, link }: Pick<ArchiveMember, 'name' | 'link'>): Skipped {
  const detail =
    link === null
      ? 'a sparse file, or another kind of member that is not read; make the archive without --sparse'
      : `a link to ${link}, which leads to no file that can be read from here; make the archive with --dereference --hard-dereference`
  return { name, reason: 'unreadable', detail }
}

/** Hard links name a member; symbolic ones a path from where they lie. */
function targetOf(name: string, link: string, kind: ArchiveMember['kind']): string {
  return kind === 'symlink' ? posix.join(posix.dirname(name), link) : posix.normalize(link)
}
