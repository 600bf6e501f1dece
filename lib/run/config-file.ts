/** What config.json holds. */
import type { Resolution, ResolvedConfig } from '../config/resolved.ts'

export interface RunConfig {
  /** Version of the package that wrote it. */
  simclr: string
  /** Pass it to `train()`, or the file to `simclr train --config`, for the same run. */
  options: ResolvedConfig
  /** Dotted option name → who decided it. */
  why: Record<string, string>
  data: { name: string; images: number; classes: string[] | null }
  plan: Resolution['plan']
}
