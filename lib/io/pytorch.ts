/**
 * Files of PyTorch's `torch.save`, as PyTorch 1.6 and later write them: a zip archive of a pickle, NAME/data.pkl, and
 * of the arrays that it speaks of, NAME/data/KEY. Read without Python: nothing in such a file is run.
 * https://docs.pytorch.org/docs/stable/notes/serialization.html
 */
import { open } from 'node:fs/promises'
import { join, parse } from 'node:path'
import { crc32 } from 'node:zlib'
import yauzl from 'yauzl'
import { SimclrError } from '../addon/errors.ts'
import type { NativeTensor } from '../addon/interface.ts'
import { PickledTensor, PythonNeeded, unpickle } from './pickle.ts'
import { bytesPerElement, elementCount } from './tensor.ts'

/** An array of a file; its bytes are read when they are asked for. */
export interface PyTorchArray {
  /** Keys of the dicts and numbers in the lists that it lies in, joined by dots. */
  name: string
  shape: number[]
  tensor: PickledTensor
}

const dtypes: Readonly<Record<string, NativeTensor['dtype']>> = {
  DoubleStorage: 'F64',
  FloatStorage: 'F32',
  BFloat16Storage: 'BF16',
  HalfStorage: 'F16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ByteStorage: 'U8',
}

/** Whether the file begins as one of torch.save's, of whatever age, or as another pickle. Throws ERR_SIMCLR_IO. */
export async function isPyTorch(path: string): Promise<boolean> {
  return (await kindOf(path)) !== null
}

async function kindOf(path: string): Promise<'archive' | 'pickle' | null> {
  const start = Buffer.alloc(8)
  try {
    await using file = await open(path)
    await file.read(start, 0, start.length, 0)
  } catch (error) {
    const message = `Could not read ${path}: ${(error as Error).message}`
    throw new SimclrError('ERR_SIMCLR_IO', message, { cause: error })
  }
  if (start.toString('latin1', 0, 4) === 'PK\x03\x04') return 'archive'
  // Opcode PROTO and its version; as the length that a safetensors file begins with they would be one of gigabytes.
  const isPickle = start[0] === 0x80 && start[1]! >= 2 && start[1]! <= 5 && start.readUInt32LE(4) > 0
  return isPickle ? 'pickle' : null
}

/** An open file. */
export class PyTorchFile {
  /** In the pickle's order. */
  readonly arrays: readonly PyTorchArray[]
  readonly #path: string
  readonly #records: Records
  readonly #storages = new Map<string, Promise<Uint8Array>>()

  private constructor(path: string, records: Records, arrays: PyTorchArray[]) {
    this.#path = path
    this.#records = records
    this.arrays = arrays
  }

  /** Throws ERR_SIMCLR_CORRUPT_FILE for what cannot be read, saying how to convert it, and ERR_SIMCLR_IO. */
  static async open(path: string): Promise<PyTorchFile> {
    const records = await Records.open(path)
    try {
      const pickle = await records.read('data.pkl')
      return new PyTorchFile(path, records, arraysIn(unpickle(pickle)))
    } catch (error) {
      records.close()
      throw failure(path, error)
    }
  }

  /** The array, its elements in row-major order. Throws ERR_SIMCLR_CORRUPT_FILE. */
  async read({ name, shape, tensor }: PyTorchArray): Promise<NativeTensor> {
    try {
      const { key, type, length } = tensor.storage
      const dtype = dtypes[type]
      if (dtype === undefined) throw new PythonNeeded(`its array ${name} is of PyTorch's type ${type}`)
      let storage = this.#storages.get(key)
      if (!storage) {
        storage = this.#records.read(`data/${key}`)
        this.#storages.set(key, storage)
      }
      const bytes = await storage
      if (bytes.length !== length * bytesPerElement[dtype]) {
        throw new Error(`it has ${bytes.length} bytes for the ${length} ${type} elements of ${name}`)
      }
      return { name, dtype, shape, data: gather(bytes, tensor, bytesPerElement[dtype]) }
    } catch (error) {
      throw failure(this.#path, error)
    }
  }

  [Symbol.dispose](): void {
    this.#records.close()
  }
}

/** The archive's records, by their names below its one folder. */
class Records {
  readonly #zip: yauzl.ZipFile
  readonly #entries: Map<string, yauzl.Entry>

  private constructor(zip: yauzl.ZipFile, entries: Map<string, yauzl.Entry>) {
    this.#zip = zip
    this.#entries = entries
  }

  static async open(path: string): Promise<Records> {
    let zip: yauzl.ZipFile | undefined
    try {
      if ((await kindOf(path)) === 'pickle')
        throw new PythonNeeded('it is a pickle without an archive, as older ones wrote')
      zip = await yauzl.openPromise(path, { autoClose: false, lazyEntries: true })
      const entries = new Map<string, yauzl.Entry>()
      for await (const entry of zip.eachEntry()) {
        entries.set(entry.fileName.slice(entry.fileName.indexOf('/') + 1), entry)
      }
      const records = new Records(zip, entries)
      await records.#check()
      return records
    } catch (error) {
      zip?.close()
      throw failure(path, error)
    }
  }

  /** Throws Error for archives that torch.save has not written, or elsewhere. */
  async #check(): Promise<void> {
    if (this.#entries.has('constants.pkl')) throw new PythonNeeded('it is a TorchScript module')
    if (!this.#entries.has('data.pkl')) throw new Error('it is an archive without data.pkl')
    if (!this.#entries.has('byteorder')) return
    const order = Buffer.from(await this.read('byteorder')).toString()
    if (order !== 'little') throw new PythonNeeded(`its bytes are in ${order}-endian order`)
  }

  /** Throws Error. */
  async read(name: string): Promise<Uint8Array> {
    const entry = this.#entries.get(name)
    if (!entry) throw new Error(`it has no record ${name}`)
    // Never compressed by torch.save: what is read is no larger than the file.
    if (entry.compressionMethod !== 0) throw new PythonNeeded(`its record ${name} is compressed`)
    const bytes = new Uint8Array(entry.uncompressedSize)
    let at = 0
    for await (const chunk of await this.#zip.openReadStreamPromise(entry)) {
      bytes.set(chunk, at)
      at += chunk.length
    }
    if (crc32(bytes) !== entry.crc32) throw new Error(`the checksum of its record ${name} is another`)
    return bytes
  }

  close(): void {
    this.#zip.close()
  }
}

/** All arrays below `root`, each under the first name that leads to it. */
function arraysIn(root: unknown): PyTorchArray[] {
  const arrays: PyTorchArray[] = []
  const seen = new Set<unknown>()
  const visit = (value: unknown, path: readonly string[]) => {
    if (typeof value !== 'object' || value === null || seen.has(value)) return
    seen.add(value)
    if (value instanceof PickledTensor) {
      arrays.push({ name: path.join('.'), shape: [...value.shape], tensor: value })
    } else if (value instanceof Map || Array.isArray(value)) {
      for (const [key, inner] of value.entries()) visit(inner, [...path, String(key)])
    }
  }
  visit(root, [])
  return arrays
}

/** The bytes of a tensor in row-major order: a view of its storage's where they lie so, else a copy. */
function gather(storage: Uint8Array, { offset, shape, strides }: PickledTensor, size: number): Uint8Array {
  const count = elementCount(shape)
  if (isRowMajor(shape, strides)) return storage.subarray(offset * size, (offset + count) * size)
  const out = new Uint8Array(count * size)
  const index = shape.map(() => 0)
  let from = offset
  for (let to = 0; to < count; to++) {
    out.set(storage.subarray(from * size, (from + 1) * size), to * size)
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      from += strides[axis]!
      if (++index[axis]! < shape[axis]!) break
      from -= shape[axis]! * strides[axis]!
      index[axis] = 0
    }
  }
  return out
}

function isRowMajor(shape: readonly number[], strides: readonly number[]): boolean {
  let expected = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (shape[axis] !== 1 && strides[axis] !== expected) return false
    expected *= shape[axis]!
  }
  return true
}

/** The error that a file becomes that cannot be read. */
function failure(path: string, cause: unknown): SimclrError {
  if (cause instanceof SimclrError) return cause
  const reason = cause instanceof Error ? cause.message : String(cause)
  const advice = cause instanceof PythonNeeded ? conversion(path) : 'Copy or write it again.'
  return new SimclrError(
    'ERR_SIMCLR_CORRUPT_FILE',
    `Expected a state dict of numbers, text and tensors in ${path}, as torch.save writes it since PyTorch 1.6, but ${reason}. ${advice}`,
    { cause },
  )
}

/** What makes a file of it that is read. */
function conversion(path: string): string {
  const { dir, name } = parse(path)
  const [from, to] = [path, join(dir, `${name}.safetensors`)].map((file) => JSON.stringify(file))
  return (
    'Nothing of it was run. Where you trust its author, Python makes a file of it that is read ' +
    '(`.state_dict()` in place of `["state_dict"]` where a whole module was saved):\n' +
    'import torch, safetensors.torch\n' +
    `safetensors.torch.save_file(torch.load(${from}, map_location="cpu", weights_only=False)["state_dict"], ${to})\n`
  )
}
