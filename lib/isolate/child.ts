/**
 * The training process of an isolated run; see parent.ts. It has no will of its own: Ctrl-C is the app's to
 * handle, and where the app is gone the run ends as if it had been aborted, with a checkpoint.
 */
import { SimclrError } from '../addon/errors.ts'
import type { ImageInput } from '../data/types.ts'
import { trainHere } from '../train.ts'
import {
  endedFromOutside,
  receiveError,
  type SourceName,
  type SourceRequest,
  sendError,
  type ToChild,
  type ToParent,
} from './messages.ts'
import { remoteSource } from './source.ts'

type Message<K extends ToChild['type']> = Extract<ToChild, { type: K }>

const stop = new AbortController()
const asked = new Map<number, { resolve(image: ImageInput | null): void; reject(error: Error): void }>()
let requests = 0

process.stderr.on('error', () => {}) // the app, which reads it, may be gone
process.on('SIGINT', () => {})
process.on('SIGHUP', () => {}) // a closed terminal; where the app does not outlive it, 'disconnect' says so
process.on('SIGTERM', () => stop.abort(endedFromOutside()))
process.on('disconnect', () => {
  stop.abort(endedFromOutside())
  for (const { reject } of asked.values()) reject(endedFromOutside()) // nobody will answer any more
})
process.on('message', (message: ToChild) => {
  if (message.type === 'train') run(message)
  else if (message.type === 'abort') stop.abort()
  else settle(message)
})

async function run({ options, sources }: Message<'train'>): Promise<void> {
  const remote = (name: SourceName) =>
    sources[name] && { data: remoteSource(sources[name], (request) => ask(name, request)) }
  const validation = { ...options.validation, ...remote('validation') }
  let outcome: ToParent
  try {
    const onProgress = (event: Extract<ToParent, { type: 'event' }>['event']) =>
      tell({ type: 'event', event })
    const trained = await trainHere({
      ...options,
      ...remote('data'),
      validation,
      signal: stop.signal,
      onProgress,
    })
    outcome = { type: 'trained', trained }
  } catch (error) {
    const isAbort = stop.signal.aborted && error === stop.signal.reason && !(error instanceof SimclrError)
    outcome = isAbort ? { type: 'aborted' } : { type: 'failed', error: sendError(error) }
  }
  tell(outcome, () => process.connected && process.disconnect())
}

function ask(source: SourceName, request: SourceRequest): Promise<ImageInput | null> {
  return new Promise((resolve, reject) => {
    const id = requests++
    asked.set(id, { resolve, reject })
    tell({ type: 'request', id, source, request })
  })
}

function settle(message: Message<'reply' | 'refusal'>): void {
  const answer = asked.get(message.id)!
  asked.delete(message.id)
  if (message.type === 'reply') answer.resolve(message.image)
  else answer.reject(receiveError(message.error))
}

/** What cannot be told, because the app is gone, is on the disk all the same. */
function tell(message: ToParent, then: () => void = () => {}): void {
  if (process.connected) process.send!(message, then)
}
