/**
 * TensorBoard's event file: the run's scalars, for `tensorboard --logdir runs`. TFRecord framing around the
 * few fields of TensorFlow's Event message (tensorflow/core/util/event.proto) that scalars need.
 */
import { crc32c } from '../io/crc32c.ts'
import { GrowingFile } from './growing-file.ts'
import type { Metric } from './metrics.ts'

/** TensorBoard reads every file with `tfevents` in its name. */
export const eventFileName = 'events.out.tfevents.simclr'

export class TensorBoardLog {
  readonly #file: GrowingFile
  #pending: Uint8Array[] = []

  private constructor(file: GrowingFile) {
    this.#file = file
  }

  /** Begins the file with what has been recorded before. Throws ERR_SIMCLR_IO. */
  static async open(path: string, kept: readonly Metric[]): Promise<TensorBoardLog> {
    const head = record(
      Buffer.concat([double(1, kept[0]?.time ?? Date.now() / 1000), text(3, 'brain.Event:2')]),
    )
    return new TensorBoardLog(await GrowingFile.begin(path, Buffer.concat([head, ...kept.map(encode)])))
  }

  write(metric: Metric): void {
    this.#pending.push(encode(metric))
  }

  /** Throws ERR_SIMCLR_IO. */
  async flush(): Promise<void> {
    const bytes = Buffer.concat(this.#pending)
    this.#pending = []
    await this.#file.append(bytes)
  }

  async close(): Promise<void> {
    try {
      await this.flush()
    } finally {
      await this.#file.close()
    }
  }
}

/** Name in TensorBoard → value. Steps are counted as steps done. */
function scalars(metric: Metric): Record<string, number | null> {
  if (metric.type === 'epoch') {
    const { knn, loss, probeAccuracy, validation } = metric
    return {
      'epoch/loss': loss,
      'epoch/knn': knn,
      'epoch/linear_head': probeAccuracy,
      'epoch/validation': validation,
    }
  }
  return {
    'train/loss': metric.loss,
    'train/contrastive_accuracy': metric.contrastiveAccuracy,
    'train/entropy': metric.entropy,
    'train/learning_rate': metric.lr,
    'train/gradient_norm': metric.gradientNorm,
    'train/loss_scale': metric.lossScale,
    'train/step_seconds': metric.stepSeconds,
    'train/linear_head_loss': metric.probeLoss,
    'train/linear_head_accuracy': metric.probeAccuracy,
  }
}

function encode(metric: Metric): Uint8Array {
  const values = Object.entries(scalars(metric))
    .filter((entry): entry is [string, number] => entry[1] !== null)
    .map(([tag, value]) => message(1, Buffer.concat([text(1, tag), float(2, value)])))
  const step = metric.type === 'step' ? metric.step + 1 : metric.step
  return record(
    Buffer.concat([double(1, metric.time), field(2, 0), varint(step), message(5, Buffer.concat(values))]),
  )
}

/** length, masked CRC of it, data, masked CRC of them. */
function record(data: Uint8Array): Uint8Array {
  const bytes = Buffer.alloc(12 + data.length + 4)
  bytes.writeBigUInt64LE(BigInt(data.length), 0)
  bytes.writeUInt32LE(masked(bytes.subarray(0, 8)), 8)
  bytes.set(data, 12)
  bytes.writeUInt32LE(masked(data), 12 + data.length)
  return bytes
}

function masked(bytes: Uint8Array): number {
  const crc = crc32c(bytes)
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0
}

// Protocol-buffer fields: key = number << 3 | wire type.

function field(number: number, wireType: number): Buffer {
  return varint((number << 3) | wireType)
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = value
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80)
    rest = Math.floor(rest / 0x80)
  }
  return Buffer.from([...bytes, rest])
}

function double(number: number, value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(value)
  return Buffer.concat([field(number, 1), bytes])
}

function float(number: number, value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeFloatLE(value)
  return Buffer.concat([field(number, 5), bytes])
}

function message(number: number, body: Uint8Array): Buffer {
  return Buffer.concat([field(number, 2), varint(body.length), body])
}

function text(number: number, value: string): Buffer {
  return message(number, Buffer.from(value))
}
