/** Ctrl-C as an AbortSignal: the first asks for an orderly end, the second ends at once. */
import { SimclrError } from '../addon/errors.ts'

/** The terminal and npm both hand one Ctrl-C on. */
const oneWishMilliseconds = 1000

/** What the signal's reason is; `run` turns it into exit code 130. */
export class Interrupt extends Error {
  constructor() {
    super('interrupted')
    this.name = 'Interrupt'
  }
}

/**
 * Aborts on SIGINT, SIGTERM and SIGHUP with an {@link Interrupt}. A second SIGINT, a second later or more, ends the process
 * with 130 right away; a second SIGTERM does not, which torchrun and `timeout` send by themselves. Where it `outlivesTerminal`,
 * SIGHUP ends nothing; Node undoes what nohup had set. Dispose it (`using`) to give the signals back.
 */
export function interruptSignal({ outlivesTerminal = false } = {}): {
  signal: AbortSignal
  [Symbol.dispose](): void
} {
  const controller = new AbortController()
  let first = 0
  const onSignal = (name: NodeJS.Signals) => {
    if (!controller.signal.aborted) {
      first = performance.now()
      controller.abort(new Interrupt())
    } else if (name === 'SIGINT' && performance.now() - first > oneWishMilliseconds) {
      process.exit(130)
    }
  }
  const onHangUp = outlivesTerminal ? () => {} : onSignal
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  process.on('SIGHUP', onHangUp)
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      process.off('SIGINT', onSignal)
      process.off('SIGTERM', onSignal)
      process.off('SIGHUP', onHangUp)
    },
  }
}

/** True for an Interrupt, and for an error that was caused by one. */
export function isInterrupt(error: unknown): boolean {
  return error instanceof Interrupt || (error instanceof Error && error.cause instanceof Interrupt)
}

/** True also for a run that stopped because another process of it was asked to. */
export function isStopped(error: unknown): boolean {
  return isInterrupt(error) || (error instanceof SimclrError && error.code === 'ERR_SIMCLR_ABORTED')
}
