/**
 * The LibTorch releases the addon is made for: the one table of versions, sources and hashes.
 *
 * A binary runs on one LibTorch minor only (the C++ ABI changes between minors), so a platform package pins
 * one row by its version and variant.
 */

/** `cpu`, or the CUDA version LibTorch was built with: `cu130` is CUDA 13.0. */
export type Variant = 'cpu' | 'cu130'

/** One hash of a file, and how it came to be known. */
export interface KnownHash {
  sha256: string
  /** Says what was hashed and by whom; shown to people. */
  provenance: string
}

export interface LibtorchRelease {
  /** `major.minor.patch`. */
  version: string
  variant: Variant
  /** Bytes on disk after unpacking, about; checked against free space together with the download. */
  unpackedBytes: number
  /** Bytes of the download, about. */
  downloadBytes: number
  /**
   * What pip is asked for, each without its dependencies: first torch itself, then NVIDIA's wheels that it
   * needs at run time. The wheels are of Python 3.11 whatever Python is there: only their libraries are used.
   */
  requirements: string[]
  /** Asked when pip's configured sources have no such wheel. */
  index: string
  /** PyTorch's archive of the same build, asked last. */
  archive: string
  /** Torch's wheels and archives that have been hashed. Other files are taken with a word that they are unverified. */
  hashes: KnownHash[]
}

export const RELEASES: readonly LibtorchRelease[] = [
  {
    version: '2.13.0',
    variant: 'cpu',
    unpackedBytes: 500e6,
    downloadBytes: 192e6,
    requirements: ['torch==2.13.0+cpu'],
    index: 'https://download.pytorch.org/whl/cpu',
    archive: 'https://download.pytorch.org/libtorch/cpu/libtorch-shared-with-deps-2.13.0%2Bcpu.zip',
    hashes: [
      {
        sha256: '6746dbcbeb526eb61330b76b41ff1b4eb848951103a892eeb080dfa2b264667b',
        provenance:
          'cp311 manylinux_2_28_x86_64 wheel of a configured pip source, hashed by the maintainers; not yet compared with the official index',
      },
    ],
  },
]

/** What `npm run build` builds against unless told otherwise. */
export const DEFAULT_RELEASE: LibtorchRelease = RELEASES[0]!

/** The table's row, if there is one. */
export function findRelease(variant: string, version?: string): LibtorchRelease | undefined {
  return RELEASES.find((r) => r.variant === variant && (version === undefined || r.version === version))
}

/** `2.13.0+cpu` → `2.13`. */
export function minorOf(version: string): string {
  return version.split('.').slice(0, 2).join('.')
}
