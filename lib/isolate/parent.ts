/**
 * `train({ isolate: true })`: the run in a process of its own, with the same options, events, abort and errors.
 * What kills that process (a native abort, the kernel for want of memory, a person) is an error here that names
 * the checkpoint to go on from; the app lives.
 */
import { type ChildProcess, fork } from 'node:child_process'
import { resolve } from 'node:path'
import { SimclrError } from '../addon/errors.ts'
import { isNamed } from '../config/data-input.ts'
import type { TrainOptions } from '../config/options.ts'
import { inheritedFlags, moduleBeside } from '../io/module.ts'
import { newRunPath } from '../run/folder.ts'
import type { Trained } from '../run/result.ts'
import { deathError, kernelKills } from './death.ts'
import { receiveError, type SentOptions, sendError, type ToChild, type ToParent } from './messages.ts'
import { ServedSources } from './source.ts'

/** Of what the process wrote to stderr last; the reason for its death is in there. */
const tailLength = 4000

/** `options` must be valid. Resolves and rejects once the process has ended. */
export async function trainInChild(options: TrainOptions): Promise<Trained> {
  options.signal?.throwIfAborted()
  const {
    data,
    validation,
    out,
    isolate: _isolate,
    signal: _signal,
    onProgress: _tell,
    ...settings
  } = options
  const served = await ServedSources.open({ data, validation: validation?.data })
  try {
    const sent: SentOptions = { ...settings, out: resolve(out ?? (await newRunPath())) }
    if (isNamed(data) && data !== undefined) sent.data = data
    if (validation)
      sent.validation = isNamed(validation.data) ? validation : { ...validation, data: undefined }
    return await new ChildRun(options, sent, served).ended
  } finally {
    await served.close()
  }
}

class ChildRun {
  readonly ended: Promise<Trained>
  readonly #options: TrainOptions
  readonly #sent: SentOptions
  readonly #served: ServedSources
  readonly #child: ChildProcess
  readonly #kills = kernelKills()
  /** What the process has said its run came to. */
  #outcome: Exclude<ToParent, { type: 'event' | 'request' }> | undefined
  #step: number | null = null
  #stderr = ''

  constructor(options: TrainOptions, sent: SentOptions, served: ServedSources) {
    this.#options = options
    this.#sent = sent
    this.#served = served
    this.#child = fork(moduleBeside(import.meta.url, './child'), {
      serialization: 'advanced',
      execArgv: inheritedFlags(),
      stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
    })
    this.ended = this.#run()
  }

  async #run(): Promise<Trained> {
    const { signal } = this.#options
    const stop = () => this.#tell({ type: 'abort' })
    signal?.addEventListener('abort', stop, { once: true })
    if (signal?.aborted) stop()
    try {
      const [code, killer] = await this.#untilClosed()
      return await this.#conclude(code, killer)
    } finally {
      signal?.removeEventListener('abort', stop)
    }
  }

  #untilClosed(): Promise<[number | null, NodeJS.Signals | null]> {
    return new Promise((settle, reject) => {
      this.#child.on('error', (cause) => {
        const message = `The training process could not be started: ${cause.message}. Free memory or processes, or train without \`isolate\`.`
        reject(new SimclrError('ERR_SIMCLR_PROCESS', message, { cause }))
      })
      this.#child.on('close', (code, killer) => settle([code, killer]))
      this.#child.on('message', (message: ToParent) => this.#receive(message))
      this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
        process.stderr.write(text)
        this.#stderr = (this.#stderr + text).slice(-tailLength)
      })
      this.#tell({ type: 'train', options: this.#sent, sources: this.#served.facts })
    })
  }

  async #conclude(code: number | null, killer: NodeJS.Signals | null): Promise<Trained> {
    const outcome = this.#outcome
    if (outcome?.type === 'trained') return outcome.trained
    if (outcome?.type === 'aborted') throw this.#options.signal!.reason
    if (outcome?.type === 'failed') throw receiveError(outcome.error)
    throw await deathError({
      ...{ code, signal: killer, step: this.#step, stderr: this.#stderr },
      ...{ out: this.#sent.out!, resume: this.#sent.resume },
      killedByKernel: kernelKills() > this.#kills,
    })
  }

  #receive(message: ToParent): void {
    if (message.type === 'event') this.#progress(message.event)
    else if (message.type === 'request') this.#answer(message)
    else this.#outcome = message
  }

  #progress(event: Extract<ToParent, { type: 'event' }>['event']): void {
    if (event.type === 'step') this.#step = event.step
    this.#options.onProgress?.(event)
  }

  async #answer({ id, source, request }: Extract<ToParent, { type: 'request' }>): Promise<void> {
    try {
      this.#tell({ type: 'reply', id, image: await this.#served.answer(source, request) })
    } catch (error) {
      this.#tell({ type: 'refusal', id, error: sendError(error) })
    }
  }

  /** A process that is gone is noticed by its end. */
  #tell(message: ToChild): void {
    if (this.#child.connected) this.#child.send(message, () => {})
  }
}
