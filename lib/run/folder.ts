/**
 * A run's folder and the names in it:
 *
 *     config.json           every option with its value, and who decided it; running it again gives the same run
 *     metrics.jsonl         one line a step and an epoch
 *     events.out.tfevents…  the same for TensorBoard
 *     checkpoints/          step-<steps done>.safetensors, the newest few
 *     encoder.safetensors   the encoder alone, under torchvision's names
 *     best.safetensors      the same as it was when it did best on held-out images
 *
 * While a run holds the folder no other can; however the holder ends, the kernel gives the lock back.
 */
import { mkdir, readdir, readFile, rm, rmdir, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { SimclrError } from '../addon/errors.ts'
import { nameOfTemporary } from '../io/atomic.ts'
import { makeFolder } from '../io/folder.ts'
import { type Lock, tryLock } from '../io/lock.ts'
import { outputError, writeOutput } from '../io/output.ts'
import { checkpointsPath } from '../weights/checkpoint.ts'
import { encoderPath } from '../weights/encoder-file.ts'
import { parseConfig, type RunConfig } from './config-file.ts'
import { eventFileName } from './tensorboard.ts'

export class RunFolder {
  readonly path: string
  readonly #lock: Lock

  private constructor(path: string, lock: Lock) {
    this.path = path
    this.#lock = lock
  }

  /** Creates the folder where it is not there, and locks it. Throws ERR_SIMCLR_BUSY, ERR_SIMCLR_IO. */
  static async open(path: string): Promise<RunFolder> {
    const absolute = resolve(path)
    try {
      await makeFolder(checkpointsPath(absolute))
    } catch (error) {
      throw notMade(path, error)
    }
    const { dev, ino } = await stat(absolute, { bigint: true }) // containers may share a network, and paths
    const lock = await tryLock(`folder ${dev}:${ino}`)
    if (lock === null) {
      throw new SimclrError(
        'ERR_SIMCLR_BUSY',
        `Expected a run folder of its own but another run is writing to ${path}. Wait for it or choose another \`out\`.`,
      )
    }
    try {
      await removeTemporaries(absolute)
      await removeTemporaries(checkpointsPath(absolute))
    } catch (error) {
      await lock.release()
      throw outputError(path, error)
    }
    return new RunFolder(absolute, lock)
  }

  get checkpoints(): string {
    return checkpointsPath(this.path)
  }

  get metrics(): string {
    return join(this.path, 'metrics.jsonl')
  }

  get tensorBoard(): string {
    return join(this.path, eventFileName)
  }

  get encoder(): string {
    return encoderPath(this.path)
  }

  get report(): string {
    return reportPath(this.path)
  }

  get best(): string {
    return join(this.path, 'best.safetensors')
  }

  /** Throws ERR_SIMCLR_IO. */
  async writeConfig(config: RunConfig): Promise<void> {
    await writeOutput(configPath(this.path), `${JSON.stringify(config, null, 2)}\n`)
  }

  /** Gives the folder back; one that has nothing in it is removed. */
  async discard(): Promise<void> {
    for (const path of [this.checkpoints, this.path]) await rmdir(path).catch(() => {})
    await this.close()
  }

  async close(): Promise<void> {
    await this.#lock.release()
  }
}

/** Removes what a killed run was in the middle of writing, and nobody else's (io/atomic.ts). */
async function removeTemporaries(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => ownFile.test(nameOfTemporary(name) ?? ''))
  await Promise.all(names.map((name) => rm(join(folder, name), { force: true })))
}

/** What a run writes whole. */
const ownFile =
  /^(config\.json|metrics\.jsonl|events\.out\.tfevents\.simclr|(encoder|best|step-\d+)\.safetensors|report\.html)$/

export const configPath = (folder: string): string => join(folder, 'config.json')
export const reportPath = (folder: string): string => join(folder, 'report.html')

/** A new folder for a run: `runs/2026-05-04-153012`, with a number behind it where that is taken. Throws ERR_SIMCLR_IO. */
export async function newRunPath(now = new Date()): Promise<string> {
  const [day, time] = now.toISOString().split(/[T.]/) as [string, string]
  const name = join('runs', `${day}-${time.replace(/:/g, '')}`)
  try {
    await makeFolder('runs')
  } catch (error) {
    throw notMade(name, error)
  }
  for (let i = 1; ; i++) {
    const path = i === 1 ? name : `${name}-${i}`
    try {
      await mkdir(path) // fails where it is another's: two runs can begin in one second
      return path
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') continue
      throw notMade(path, error)
    }
  }
}

function notMade(path: string, cause: unknown): SimclrError {
  const message = `Could not make the run folder ${path}: ${(cause as Error).message}. Choose another \`out\`.`
  return new SimclrError('ERR_SIMCLR_IO', message, { cause })
}

/** config.json of a run folder; null where there is none. Throws ERR_SIMCLR_CORRUPT_FILE where it is no run's. */
export async function readConfig(folder: string): Promise<RunConfig | null> {
  let text: string
  try {
    text = await readFile(configPath(folder), 'utf8')
  } catch {
    return null
  }
  return parseConfig(text, configPath(folder))
}
