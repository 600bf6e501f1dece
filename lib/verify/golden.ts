/** Golden files: a JSON file with parameters and scalars, and the safetensors files it names. */
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'

import { SimclrError } from '../addon/errors.ts'
import type { NativeTensor } from '../addon/interface.ts'
import { readSafetensors } from '../io/safetensors.ts'
import { toFloat64 } from '../io/tensor.ts'

/** A folder of golden files; reads each tensor file once. */
export class GoldenFolder {
  readonly path: string
  readonly #tensors = new Map<string, Promise<Map<string, NativeTensor>>>()

  constructor(path: string) {
    this.path = path
  }

  /**
   * Names that contain `only`: of the JSON and tensor files, sorted, and of everything else that is not
   * documentation.
   */
  async list(only: string): Promise<{ json: string[]; tensors: string[]; unknown: string[] }> {
    let names: string[]
    try {
      names = (await readdir(this.path)).filter((name) => name.includes(only)).sort()
    } catch (error) {
      throw new SimclrError(
        'ERR_SIMCLR_IO',
        `Expected a folder of golden files but could not read ${this.path}: ${(error as Error).message}`,
        { cause: error },
      )
    }
    const json = names.filter((name) => name.endsWith('.json'))
    const tensors = names.filter((name) => name.endsWith('.safetensors'))
    const unknown = names.filter((name) => !/\.(json|safetensors|md)$/.test(name))
    return { json, tensors, unknown }
  }

  async open(file: string): Promise<Golden> {
    const json: unknown = JSON.parse(await readFile(join(this.path, file), 'utf8'))
    if (typeof json !== 'object' || json === null) throw new TypeError(`${file} holds no JSON object`)
    return new Golden(this, file, json as Record<string, unknown>)
  }

  /** All arrays of a tensor file. */
  tensors(file: string): Promise<Map<string, NativeTensor>> {
    const name = basename(file)
    let tensors = this.#tensors.get(name)
    if (!tensors) {
      tensors = readSafetensors(join(this.path, name)).then(
        (read) => new Map(read.tensors.map((tensor) => [tensor.name, tensor])),
      )
      tensors.catch(() => {}) // whoever awaits it hears of it
      this.#tensors.set(name, tensors)
    }
    return tensors
  }
}

/** One golden file: its JSON, and the arrays beside it. */
export class Golden {
  readonly folder: GoldenFolder
  readonly file: string
  readonly json: Record<string, unknown>

  constructor(folder: GoldenFolder, file: string, json: Record<string, unknown>) {
    this.folder = folder
    this.file = file
    this.json = json
  }

  /** The JSON as the shape its kind has. The golden files are trusted to have it; a wrong one fails loudly. */
  as<T>(): T {
    return this.json as T
  }

  /** The file's own tensor file, where `tensors` does not name another. */
  get tensorFile(): string {
    const { tensors } = this.json
    return typeof tensors === 'string' ? tensors : this.file.replace(/\.json$/, '.safetensors')
  }

  /** An array of this file's, or of `from`. */
  async tensor(name: string, from: string = this.tensorFile): Promise<NativeTensor> {
    const tensor = (await this.folder.tensors(from)).get(name)
    if (!tensor) throw new RangeError(`${from} has no array "${name}"`)
    return tensor
  }

  async has(name: string): Promise<boolean> {
    return (await this.folder.tensors(this.tensorFile)).has(name)
  }

  /** An array's values. */
  async values(name: string, from?: string): Promise<Float64Array> {
    return toFloat64(await this.tensor(name, from))
  }

  /** Names of the file's arrays that begin with `prefix`, without it. */
  async names(prefix: string): Promise<string[]> {
    const all = [...(await this.folder.tensors(this.tensorFile)).keys()]
    return all.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length))
  }

  /** The array that `file.safetensors:name` or a bare name of this file's stands for. */
  async reference(reference: string): Promise<NativeTensor> {
    const colon = reference.indexOf(':')
    if (colon < 0) return this.tensor(reference)
    return this.tensor(reference.slice(colon + 1), reference.slice(0, colon))
  }

  /** The tolerance the file itself gives under one of `names`, else `otherwise`. */
  tolerance(names: string | string[], otherwise: number): number {
    const given = this.json.tolerances
    if (typeof given !== 'object' || given === null) return otherwise
    for (const name of [names].flat()) {
      const value = (given as Record<string, unknown>)[name]
      if (typeof value === 'number') return value
    }
    return otherwise
  }
}
