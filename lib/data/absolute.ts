/** Data by a name that means the same wherever a command is started: what a run keeps of them is read from other folders. */
import { resolve } from 'node:path'
import { kinds } from './open.ts'
import { parseSpec } from './spec.ts'

/**
 * `data` with its relative paths made absolute. As it is where that cannot be written so: where this folder's own path has
 * characters that would be taken for a pattern, an option or a second file.
 */
export function absoluteData(data: string): string {
  const spec = parseSpec(data, kinds)
  if (spec === null) return resolve(data)
  const { kind, path } = spec
  const absolute = (kinds[kind]!.absolute ?? resolve)(path)
  const options = data.slice(kind.length + 1 + path.length)
  const named = `${kind}:${absolute}${options}`
  return path === '' || parseSpec(named, kinds)?.path !== absolute ? data : named
}
