import { readlinkSync } from 'node:fs'
import { SimclrError } from '../addon/errors.ts'
import { tryLock } from '../io/lock.ts'

/**
 * Claims the process, worker threads included, for one run until disposed: LibTorch's threads and memory are
 * the process's. Containers that share a network have process numbers of their own. Throws ERR_SIMCLR_BUSY where a run has it.
 */
export async function claimProcess(): Promise<AsyncDisposable> {
  const lock = await tryLock(`process ${process.pid} of ${readlinkSync('/proc/self/ns/pid')}`)
  if (lock === null) {
    throw new SimclrError(
      'ERR_SIMCLR_BUSY',
      'Expected no other run in this process but one is under way. Wait for it, abort it, or train in a child process.',
    )
  }
  return { [Symbol.asyncDispose]: () => lock.release() }
}
