/**
 * What PyTorch pickles beside its arrays' bytes: dicts and lists of numbers, text and tensors. A pickle is a program
 * that calls Python's functions by name. The names below are the only ones that mean anything here, and all they do
 * is build a value; every other name ends the reading.
 */
import { Parser } from 'pickleparser'
import { elementCount } from './tensor.ts'

/** Numbers that one or several tensors lie in. */
export interface PickledStorage {
  /** Its record's name. */
  key: string
  /** PyTorch's name of it, e.g. `FloatStorage`. */
  type: string
  /** Elements. */
  length: number
}

/** A tensor's place in its storage: offset, shape and strides in elements. */
export class PickledTensor {
  readonly storage: PickledStorage
  readonly offset: number
  readonly shape: readonly number[]
  readonly strides: readonly number[]

  constructor(storage: PickledStorage, offset: number, shape: readonly number[], strides: readonly number[]) {
    this.storage = storage
    this.offset = offset
    // A pickle may go on changing the lists that it has passed, and objects that it has made.
    this.shape = Object.freeze([...shape])
    this.strides = Object.freeze([...strides])
    Object.freeze(this)
  }
}

/** What a whole file may hold that only Python can read. */
export class PythonNeeded extends Error {}

/** torch._utils._rebuild_tensor_v2; gradients and hooks are left aside. */
const rebuildTensor = (storage: PickledStorage, offset: unknown, shape: unknown, strides: unknown) => {
  const isSizes = (list: unknown): list is number[] => Array.isArray(list) && list.every(isSize)
  if (!isSize(storage?.length) || !isSize(offset) || !isSizes(shape) || !isSizes(strides)) {
    throw new Error('it has a tensor without storage, offset, shape and strides')
  }
  const last = shape.reduce((at, size, i) => at + (size - 1) * strides[i]!, offset)
  const elements = elementCount(shape)
  const fits = elements <= storage.length && (elements === 0 || last < storage.length)
  if (strides.length !== shape.length || !fits) {
    throw new Error(`it has a tensor [${shape}] beyond the ${storage.length} elements of its storage`)
  }
  return new PickledTensor(storage, offset, shape, strides)
}

const dict = (pairs: Iterable<[unknown, unknown]> = []) => new Map(pairs)
const set = (values: Iterable<unknown> = []) => new Set(values)
const same = (value: unknown) => value

// biome-ignore lint/suspicious/noExplicitAny: the parser's own type
type Callable = (...args: any[]) => unknown

/** What may be called, by Python's name. Arrow functions, which cannot be constructed: there are no objects of classes. */
const callables = new Map<string, Callable>([
  ['torch._utils._rebuild_tensor_v2', rebuildTensor],
  ['torch._utils._rebuild_parameter', same],
  ['collections.OrderedDict', dict],
  ['collections.Counter', dict],
  ['builtins.set', set],
  ['__builtin__.set', set], // as protocol 2 spells it
  ['torch.Size', same],
  ['torch.device', (...device: unknown[]) => device.join(':')],
  ['_codecs.encode', same], // bytes, in protocol 2
])
for (const callable of callables.values()) Object.freeze(callable) // a pickle can set attributes

/**
 * The value that `bytes` build: dicts are Maps, lists and tuples arrays. Throws PythonNeeded for other names, and Error for
 * what is no pickle of PyTorch's.
 */
export function unpickle(bytes: Uint8Array): unknown {
  const parser = new Parser({
    unpicklingTypeOfDictionary: 'Map',
    unpicklingTypeOfSet: 'Set',
    nameResolver: {
      resolve(module, name) {
        const value = callables.get(`${module}.${name}`) ?? dtypeOf(module, name)
        if (value === undefined) throw new PythonNeeded(`it asks for ${module}.${name}`)
        return value as Callable
      },
    },
    persistentResolver: { resolve: (id: unknown) => storageOf(id) },
  })
  return parser.parse(bytes)
}

/** The names that stand for a type of numbers, `torch.FloatStorage` and `torch.float32`: values that nothing can call. */
function dtypeOf(module: string, name: string): { type: string } | undefined {
  const isType = module === 'torch' && /^([A-Z]\w*Storage|b?float\d+\w*|u?int\d+|bool|complex\d+)$/.test(name)
  return isType ? Object.freeze({ type: name }) : undefined
}

/** ('storage', type, key, device, length), under which a pickle names a record. */
function storageOf(id: unknown): PickledStorage {
  const [kind, type, key, , length] = Array.isArray(id) ? id : []
  if (kind !== 'storage' || typeof type?.type !== 'string' || typeof key !== 'string' || !isSize(length)) {
    throw new Error('it names a record in no way that torch.save does')
  }
  return Object.freeze({ key, type: type.type, length })
}

function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}
