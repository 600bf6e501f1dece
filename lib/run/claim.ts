import { SimclrError } from '../addon/errors.ts'

/** Shared by every copy of this package in the process: LibTorch's threads and memory are the process's too. */
const holder = globalThis as { [key: symbol]: boolean | undefined }
const key = Symbol.for('simclr.run')

/** Claims the process for one run until disposed. Throws ERR_SIMCLR_BUSY where a run has it. */
export function claimProcess(): Disposable {
  if (holder[key]) {
    throw new SimclrError(
      'ERR_SIMCLR_BUSY',
      'Expected no other run in this process but one is under way. Wait for it, abort it, or train in a child process.',
    )
  }
  holder[key] = true
  return {
    [Symbol.dispose]() {
      holder[key] = false
    },
  }
}
