/**
 * Which binaries are published: one row for each platform package, in the order of preference. What pins a
 * package to a LibTorch minor is here and nowhere else; scripts and the release workflow read it.
 */
import type { Variant } from './libtorch/versions.ts'

export interface Prebuilt {
  /** `<os>-<cpu>` as Node names them; glibc of at least 2.28 on Linux. */
  platform: 'linux-x64'
  /** The end of the package's name, `@simclr/<platform>-<name>`, and what `npm run prebuild -- --variant` takes. */
  name: string
  variant: Variant
  /** LibTorch it is built against; it runs on this minor only. */
  torch: string
  /**
   * `anywhere`: g++, and NVIDIA's wheels have nvcc where it is for CUDA. `workflow`: they have none for its CUDA version, so
   * that only .github/workflows/release.yml, which installs NVIDIA's package of it, or a machine with that nvcc can.
   */
  builtIn: 'anywhere' | 'workflow'
}

/** CUDA first, newest first: whoever has installed a CUDA LibTorch means it. */
export const MATRIX: readonly Prebuilt[] = [
  { platform: 'linux-x64', name: 'cu130', variant: 'cu130', torch: '2.14.1', builtIn: 'anywhere' },
  { platform: 'linux-x64', name: 'cu130-torch2.11', variant: 'cu130', torch: '2.11.0', builtIn: 'anywhere' },
  { platform: 'linux-x64', name: 'cu128', variant: 'cu128', torch: '2.9.1', builtIn: 'workflow' },
  { platform: 'linux-x64', name: 'cpu', variant: 'cpu', torch: '2.13.0', builtIn: 'anywhere' },
]

/** `@simclr/linux-x64-cpu`. */
export function packageName({ platform, name }: Pick<Prebuilt, 'platform' | 'name'>): string {
  return `@simclr/${platform}-${name}`
}
