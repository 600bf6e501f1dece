/** The parts of a release that can be installed, each into a folder of its own. */
import type { LibtorchRelease } from './versions.ts'

export type Part =
  /** Libraries and headers: to run and to build. */
  | 'all'
  /** Headers alone: enough to compile, not to link or run. */
  | 'headers'
  /** Headers, and NVIDIA's compiler. */
  | 'compiler'

/** NVIDIA's wheels that a part takes besides torch's own file. */
export function wheelsOf(release: LibtorchRelease, part: Part): readonly string[] {
  if (part === 'all') return [...new Set([...release.runtime, ...release.headers])]
  return part === 'headers' ? release.headers : [...release.headers, ...release.compiler]
}
