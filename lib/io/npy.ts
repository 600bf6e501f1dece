/**
 * NumPy's .npy: a magic string, a header of Python literals, the values little-endian, row-major.
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
import { open } from 'node:fs/promises'
import { SimclrError } from '../addon/errors.ts'
import { AtomicFile } from './atomic.ts'
import { output } from './output.ts'
import { readBytes } from './read.ts'

const magic = '\x93NUMPY'
/** Bytes; NumPy itself refuses headers of more than 10,000. */
const longestHeader = 1 << 16

/**
 * A float32 matrix written as its rows come; there once `commit` has been called, not there where that was not reached.
 * Throws ERR_SIMCLR_IO.
 */
export class NpyWriter implements AsyncDisposable {
  readonly #path: string
  readonly #file: AtomicFile
  readonly #columns: number
  #rows = 0

  private constructor(path: string, file: AtomicFile, columns: number) {
    this.#path = path
    this.#file = file
    this.#columns = columns
  }

  static async create(path: string, columns: number): Promise<NpyWriter> {
    const writer = new NpyWriter(path, await output(path, () => AtomicFile.create(path)), columns)
    try {
      await writer.#write(npyHeader(0, columns))
      return writer
    } catch (error) {
      await writer[Symbol.asyncDispose]()
      throw error
    }
  }

  /** `data`: whole rows. */
  async append(data: Float32Array): Promise<void> {
    await this.#write(new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
    this.#rows += data.length / this.#columns
  }

  /** The header is written last: only then is it known how many rows there are. */
  async commit(): Promise<void> {
    const header = npyHeader(this.#rows, this.#columns)
    await output(this.#path, async () => {
      await this.#file.handle.write(header, 0, header.length, 0)
      await this.#file.commit()
    })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file[Symbol.asyncDispose]()
  }

  #write(bytes: Uint8Array): Promise<void> {
    return output(this.#path, () => this.#file.handle.writeFile(bytes))
  }
}

/** The bytes before the values of a float32 matrix, as many whatever its shape; version 1.0 of the format. */
function npyHeader(rows: number, columns: number): Uint8Array {
  const text = `{'descr': '<f4', 'fortran_order': False, 'shape': (${rows}, ${columns}), }`
  // Magic, version, length and text together are a multiple of 64 bytes; the text ends in a newline.
  const length = 128
  const bytes = Buffer.alloc(length, ' ', 'latin1')
  bytes.write(`${magic}\x01\x00`, 0, 'latin1')
  bytes.writeUInt16LE(length - 10, 8)
  bytes.write(text, 10, 'latin1')
  bytes.write('\n', length - 1, 'latin1')
  return bytes
}

/**
 * A float32 matrix, as `simclr embed` writes them, or NumPy's `np.save` of one in C order. Throws ERR_SIMCLR_IO where it
 * cannot be read, ERR_SIMCLR_CORRUPT_FILE where it is none or has another length than its header says.
 */
export async function readNpy(
  path: string,
): Promise<{ data: Float32Array; shape: [rows: number, columns: number] }> {
  const bytes = await readFile(path)
  const refuse = (came: string) =>
    new SimclrError(
      'ERR_SIMCLR_CORRUPT_FILE',
      `Expected a float32 matrix in C order, as simclr embed writes it, but ${path} ${came}. Write it again: np.save(path, np.ascontiguousarray(x, dtype="<f4")).`,
    )
  const head = Buffer.from(bytes.buffer, 0, Math.min(bytes.length, longestHeader))
  if (head.length < 12 || head.toString('latin1', 0, 6) !== magic) throw refuse('is no .npy file')
  // Version 1 has two bytes for the header's length, later ones have four.
  const start = head[6] === 1 ? 10 : 12
  const end = start + (start === 10 ? head.readUInt16LE(8) : head.readUInt32LE(8))
  const header = head.toString('latin1', start, end).trim()
  const shape = /'shape': \((\d+), (\d+)\)/.exec(header)?.slice(1).map(Number)
  const isOurs = header.includes("'descr': '<f4'") && header.includes("'fortran_order': False")
  if (shape === undefined || !isOurs) throw refuse(`has ${header.slice(0, 120)}`)
  const [rows, columns] = shape as [number, number]
  if (bytes.length - end !== 4 * rows * columns)
    throw refuse(`has ${bytes.length - end} bytes of values for ${rows} x ${columns}`)
  const values = end % 4 === 0 ? bytes.subarray(end) : bytes.slice(end)
  return {
    data: new Float32Array(values.buffer, values.byteOffset, rows * columns),
    shape: [rows, columns],
  }
}

async function readFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    await using file = await open(path)
    return await readBytes(file, 0, (await file.stat()).size)
  } catch (cause) {
    throw new SimclrError('ERR_SIMCLR_IO', `Could not read ${path}: ${(cause as Error).message}`, { cause })
  }
}
