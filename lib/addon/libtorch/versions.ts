/**
 * The LibTorch releases the addon is made for: the one table of versions, sources and hashes.
 *
 * A binary runs on one LibTorch minor only (the C++ ABI changes between minors), so a platform package pins
 * one row by its version and variant.
 */

/** `cpu`, or the CUDA version LibTorch was built with: `cu130` is CUDA 13.0. */
export type Variant = 'cpu' | 'cu128' | 'cu130'

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
   * What pip is asked for, each without its dependencies. The wheels are of Python 3.11 whatever Python is
   * there: only their libraries and headers are used.
   */
  torch: string
  /** NVIDIA's wheels whose libraries torch opens. */
  runtime: readonly string[]
  /** NVIDIA's wheels whose headers our CUDA sources include. */
  headers: readonly string[]
  /** NVIDIA's compiler, for machines that have none. */
  compiler: readonly string[]
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
    torch: 'torch==2.13.0+cpu',
    runtime: [],
    headers: [],
    compiler: [],
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
  {
    version: '2.14.1',
    variant: 'cu130',
    unpackedBytes: 4.6e9,
    downloadBytes: 2.8e9,
    torch: 'torch==2.14.1',
    // The versions are those that torch's own metadata (cuda-toolkit 13.0.3) asks for.
    runtime: [
      'nvidia-cublas==13.1.1.3',
      'nvidia-cuda-cupti==13.0.85',
      'nvidia-cuda-nvrtc==13.0.88',
      'nvidia-cuda-runtime==13.0.96',
      'nvidia-cudnn-cu13==9.24.0.43',
      'nvidia-cufft==12.0.0.61',
      'nvidia-cufile==1.15.1.6',
      'nvidia-curand==10.4.0.35',
      'nvidia-cusolver==12.0.4.66',
      'nvidia-cusparse==12.6.3.3',
      'nvidia-cusparselt-cu13==0.8.1',
      'nvidia-nccl-cu13==2.30.7',
      'nvidia-nvjitlink>=13.0.88,<14',
      'nvidia-nvshmem-cu13==3.4.5',
      'nvidia-nvtx==13.0.85',
    ],
    headers: [
      'nvidia-cuda-runtime==13.0.96',
      'nvidia-cuda-cccl==13.0.85',
      'nvidia-nccl-cu13==2.30.7',
      // What c10d's NCCL header includes, where the CUDA toolkit does not have it.
      'nvidia-cublas==13.1.1.3',
      'nvidia-cusparse==12.6.3.3',
      'nvidia-cusolver==12.0.4.66',
    ],
    compiler: ['nvidia-cuda-nvcc==13.0.88', 'nvidia-cuda-crt==13.0.88', 'nvidia-nvvm==13.0.88'],
    index: 'https://download.pytorch.org/whl/cu130',
    archive: 'https://download.pytorch.org/libtorch/cu130/libtorch-shared-with-deps-2.14.1%2Bcu130.zip',
    hashes: [
      {
        sha256: '305a61f61f35f128579f299c5bd33d475f6a01c6307336139632e30856c4854d',
        provenance:
          'cp311 manylinux_2_28_x86_64 wheel of a configured pip source, hashed by the maintainers; not yet compared with the official index',
      },
    ],
  },
  {
    version: '2.11.0',
    variant: 'cu130',
    unpackedBytes: 4.6e9,
    downloadBytes: 2.7e9,
    torch: 'torch==2.11.0',
    // As torch's own metadata (cuda-toolkit 13.0.2) asks for.
    runtime: [
      'nvidia-cublas==13.1.0.3',
      'nvidia-cuda-cupti==13.0.85',
      'nvidia-cuda-nvrtc==13.0.88',
      'nvidia-cuda-runtime==13.0.96',
      'nvidia-cudnn-cu13==9.19.0.56',
      'nvidia-cufft==12.0.0.61',
      'nvidia-cufile==1.15.1.6',
      'nvidia-curand==10.4.0.35',
      'nvidia-cusolver==12.0.4.66',
      'nvidia-cusparse==12.6.3.3',
      'nvidia-cusparselt-cu13==0.8.0',
      'nvidia-nccl-cu13==2.28.9',
      'nvidia-nvjitlink==13.0.88',
      'nvidia-nvshmem-cu13==3.4.5',
      'nvidia-nvtx==13.0.85',
    ],
    headers: [
      'nvidia-cuda-runtime==13.0.96',
      'nvidia-cuda-cccl==13.0.85',
      'nvidia-nccl-cu13==2.28.9',
      // What c10d's NCCL header includes, where the CUDA toolkit does not have it.
      'nvidia-cublas==13.1.0.3',
      'nvidia-cusparse==12.6.3.3',
      'nvidia-cusolver==12.0.4.66',
    ],
    compiler: ['nvidia-cuda-nvcc==13.0.88', 'nvidia-cuda-crt==13.0.88', 'nvidia-nvvm==13.0.88'],
    index: 'https://download.pytorch.org/whl/cu130',
    archive: 'https://download.pytorch.org/libtorch/cu130/libtorch-shared-with-deps-2.11.0%2Bcu130.zip',
    hashes: [
      {
        sha256: '7aa2f9bbc6d4595ba72138026b2074be1233186150e9292865e04b7a63b8c67a',
        provenance:
          'cp311 manylinux_2_28_x86_64 wheel of a configured pip source, hashed by the maintainers: as its index states; not yet compared with the official index',
      },
    ],
  },
  {
    version: '2.9.1',
    variant: 'cu128',
    unpackedBytes: 6.5e9,
    downloadBytes: 3.9e9,
    torch: 'torch==2.9.1',
    // As torch's own metadata asks for.
    runtime: [
      'nvidia-cublas-cu12==12.8.4.1',
      'nvidia-cuda-cupti-cu12==12.8.90',
      'nvidia-cuda-nvrtc-cu12==12.8.93',
      'nvidia-cuda-runtime-cu12==12.8.90',
      'nvidia-cudnn-cu12==9.10.2.21',
      'nvidia-cufft-cu12==11.3.3.83',
      'nvidia-cufile-cu12==1.13.1.3',
      'nvidia-curand-cu12==10.3.9.90',
      'nvidia-cusolver-cu12==11.7.3.90',
      'nvidia-cusparse-cu12==12.5.8.93',
      'nvidia-cusparselt-cu12==0.7.1',
      'nvidia-nccl-cu12==2.27.5',
      'nvidia-nvjitlink-cu12==12.8.93',
      'nvidia-nvshmem-cu12==3.3.20',
      'nvidia-nvtx-cu12==12.8.90',
    ],
    headers: [
      'nvidia-cuda-runtime-cu12==12.8.90',
      'nvidia-cuda-cccl-cu12==12.8.90',
      'nvidia-nccl-cu12==2.27.5',
      'nvidia-cuda-nvcc-cu12==12.8.93', // crt/, which the runtime's headers include
      // What c10d's NCCL header includes.
      'nvidia-cublas-cu12==12.8.4.1',
      'nvidia-cusparse-cu12==12.5.8.93',
      'nvidia-cusolver-cu12==11.7.3.90',
    ],
    // That wheel has ptxas, but no nvcc: the release workflow installs one in its container (scripts/check-cuda12.sh).
    compiler: [],
    index: 'https://download.pytorch.org/whl/cu128',
    archive: 'https://download.pytorch.org/libtorch/cu128/libtorch-shared-with-deps-2.9.1%2Bcu128.zip',
    hashes: [
      {
        sha256: 'd033ff0ac3f5400df862a51bdde9bad83561f3739ea0046e68f5401ebfa67c1b',
        provenance:
          'cp311 manylinux_2_28_x86_64 wheel of a configured pip source, hashed by the maintainers: as its index states; not yet compared with the official index',
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

/** The CUDA version in a variant's name, `13.0` of `cu130`; null for the CPU's. */
export function cudaOf(variant: Variant): string | null {
  const [, major, minor] = /^cu(\d+)(\d)$/.exec(variant) ?? []
  return major === undefined ? null : `${major}.${minor}`
}

/** `2.13.0+cpu` → `2.13`. */
export function minorOf(version: string): string {
  return version.split('.').slice(0, 2).join('.')
}
