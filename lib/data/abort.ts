/** Waiting that an AbortSignal ends: a source may take any time to answer, or never do. */

/** What `work` comes to, or the signal's reason as soon as it is aborted. */
export function heard<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason)
    const over = () => signal.removeEventListener('abort', stop)
    signal.addEventListener('abort', stop)
    if (signal.aborted) stop()
    work.then(resolve, reject).finally(over)
  })
}

/** The same of values. Once aborted, where they come from is told to end, and not waited for. */
export async function* heardValues<T>(
  values: AsyncIterable<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T> {
  const iterator = values[Symbol.asyncIterator]()
  try {
    for (;;) {
      const { done, value } = await heard(iterator.next(), signal)
      if (done) return
      yield value
    }
  } finally {
    const ended = Promise.resolve(iterator.return?.())
    if (signal?.aborted) ended.catch(() => {})
    else await ended
  }
}
