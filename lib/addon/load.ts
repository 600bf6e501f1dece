/** Loads the addon, once per process and only when asked: chosen by choose.ts, opened by open.ts. */
import { isMainThread } from 'node:worker_threads'
import { type Choice, choose } from './choose.ts'
import { SimclrError, type SimclrErrorCode } from './errors.ts'
import type { Addon } from './interface.ts'
import { openAddon } from './open.ts'
import { forgetChoices } from './remembered.ts'

/** What has been loaded, for `versions` and `simclr doctor`. */
export interface Loaded extends Choice {
  addon: Addon
}

let outcome: { loaded: Loaded } | { failed: unknown } | undefined

/** The addon. Throws ERR_SIMCLR_BINARY or ERR_SIMCLR_LIBTORCH with what to do. */
export function loadAddon(): Addon {
  return loadAddonDetails().addon
}

/** The addon with where it and its LibTorch come from. */
export function loadAddonDetails(): Loaded {
  if (outcome === undefined) {
    const choice = choose()
    try {
      outcome = { loaded: { ...choice, addon: open(choice) } }
    } catch (error) {
      // Final: a library that is open stays open, and a second one would be mixed up with it.
      outcome = { failed: error }
      forgetChoices()
    }
  }
  if ('failed' in outcome) throw outcome.failed
  return outcome.loaded
}

function open(choice: Choice): Addon {
  const addon = openAddon(choice)
  addon.setErrorFactory((code, message) => new SimclrError(code as SimclrErrorCode, message))
  // A step that still computes while exit() destroys LibTorch's static objects would crash: then the process ends
  // before. Workers are joined by Node itself.
  if (isMainThread) process.once('exit', () => addon.endWork())
  return addon
}
