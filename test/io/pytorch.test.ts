import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import yazl from 'yazl'
import { SimclrError } from '../../lib/addon/errors.ts'
import { PyTorchFile } from '../../lib/io/pytorch.ts'
import { toFloat64 } from '../../lib/io/tensor.ts'
import { temporaryFolder } from '../support/folder.ts'
import { rejection } from '../support/rejection.ts'

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/pytorch/${name}`, import.meta.url))

/** Names and values of all arrays of a file. */
async function contents(path: string) {
  using file = await PyTorchFile.open(path)
  const read = await Promise.all(file.arrays.filter(({ name }) => name !== 'truth').map((a) => file.read(a)))
  return Object.fromEntries(read.map((tensor) => [tensor.name, { ...tensor, data: [...toFloat64(tensor)] }]))
}

async function refusal(path: string): Promise<SimclrError> {
  const error = await rejection(contents(path))
  expect(error).to.be.instanceOf(SimclrError).with.property('code', 'ERR_SIMCLR_CORRUPT_FILE')
  expect(error.message).to.contain(path)
  return error as SimclrError
}

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)

describe("files of PyTorch's torch.save", () => {
  const path = temporaryFolder()

  /** As torch.save lays it out: a pickle of protocol 2, of latin1 text, and records. */
  async function archive(pickle: string, records: Record<string, Uint8Array> = {}, compress = false) {
    const zip = new yazl.ZipFile()
    zip.addBuffer(Buffer.from(`\x80\x02${pickle}.`, 'latin1'), 'x/data.pkl', { compress })
    for (const [name, bytes] of Object.entries(records))
      zip.addBuffer(Buffer.from(bytes), `x/${name}`, { compress })
    zip.end()
    const file = path('made.pt')
    writeFileSync(file, await buffer(zip.outputStream as NodeJS.ReadableStream))
    return file
  }

  it('are read in nested dicts and lists, whatever order their elements lie in', async () => {
    const arrays = await contents(fixture('layouts.pt'))
    const shapes = Object.entries(arrays).map(([name, { dtype, shape }]) => `${name} ${dtype} [${shape}]`)
    expect(shapes).to.deep.equal([
      'nested.0.rows F32 [2,3,4]',
      'nested.0.columns F32 [4,6]',
      'channels_last F32 [1,2,3,4]',
      'part F32 [4]',
      'alternate F32 [12]',
      'parameter F32 [2]',
      'F64 F64 [3]',
      'F16 F16 [3]',
      'BF16 BF16 [3]',
      'I64 I64 [3]',
      'I32 I32 [3]',
      'U8 U8 [3]',
      'scalar I64 []',
      'none F32 [0,3]',
    ])
    for (const name of ['nested.0.rows', 'nested.0.columns', 'channels_last'])
      expect(arrays[name]!.data, name).to.deep.equal(upTo(24))
    expect(arrays.part!.data).to.deep.equal([5, 6, 7, 8])
    expect(arrays.alternate!.data).to.deep.equal(upTo(12).map((i) => 2 * i + 1))
    for (const name of ['F64', 'F16', 'BF16', 'I64', 'I32', 'U8'])
      expect(arrays[name]!.data, name).to.deep.equal([0, 1, 2])
    expect(arrays.parameter!.data).to.deep.equal([0, 1])
    expect(arrays.scalar!.data).to.deep.equal([7])
    expect(arrays.none!.data).to.deep.equal([])
  })

  it('of a type that there is none of here are refused when they are read', async () => {
    using file = await PyTorchFile.open(fixture('layouts.pt'))
    const truth = file.arrays.find(({ name }) => name === 'truth')!
    expect((await rejection(file.read(truth))).message).to.match(
      /its array truth is of PyTorch's type BoolStorage/,
    )
  })

  describe('run nothing, and are refused with what they hold and what converts it:', () => {
    for (const [name, what] of [
      ['command.pt', /asks for posix\.system/],
      ['module.pt', /asks for torch\.nn\.modules\.linear\.Linear/],
      ['script.pt', /is a TorchScript module/],
      ['old.pt', /a pickle without an archive/],
    ] as const) {
      it(name, async () => {
        const { message } = await refusal(fixture(name))
        expect(message).to.match(what)
        expect(message).to.contain('Nothing of it was run')
        expect(message).to.match(
          /\nimport torch, safetensors\.torch\n.*save_file\(torch\.load\(".*\.pt".*safetensors"\)\n$/,
        )
        expect(existsSync('/tmp/simclr-a-pickle-was-run')).to.equal(false)
      })
    }

    const called: [string, string, RegExp][] = [
      ["a class's object", 'ccollections\nOrderedDict\n)\x81', /not a constructor/],
      ['an object as old pickles make it', '(icollections\nOrderedDict\n', /not a constructor/],
      ['an attribute of a function', 'ctorch\nSize\n}U\x01aK\x01sb', /not extensible/],
      ['JavaScript by its names', 'cconstructor\nconstructor\n', /asks for constructor\.constructor/],
      ['a call of text', 'U\x01a)R', /not a function/],
      ['an extension', '\x82\x01', /extension code/],
    ]
    for (const [name, pickle, what] of called) {
      it(name, async () => {
        expect((await refusal(await archive(pickle))).message).to.match(what)
      })
    }
  })

  describe('that lie about their arrays are refused:', () => {
    /** A tensor of type, shape, strides and offset over a storage said to have so many elements. */
    const tensor = (length: number, offset: number, shape: number, stride: number) =>
      `}U\x01actorch._utils\n_rebuild_tensor_v2\n((U\x07storagectorch\nFloatStorage\nU\x010U\x03cpuK${String.fromCharCode(length)}tQ` +
      `K${String.fromCharCode(offset)}K${String.fromCharCode(shape)}\x85K${String.fromCharCode(stride)}\x85\x89}tRs`
    const cases: [string, [number, number, number, number], RegExp | null][] = [
      ['not this one', [4, 0, 4, 1], null],
      ['an end beyond the storage', [4, 1, 4, 1], /beyond the 4 elements/],
      ['strides beyond the storage', [4, 0, 3, 2], /beyond the 4 elements/],
      ['more elements than the storage has', [4, 0, 200, 0], /beyond the 4 elements/],
      ['a storage larger than its record', [40, 0, 40, 1], /16 bytes for the 40 FloatStorage elements of a/],
    ]
    for (const [name, lie, what] of cases) {
      it(name, async () => {
        const file = await archive(tensor(...lie), {
          'data/0': new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer),
        })
        if (what === null) expect((await contents(file)).a!.data).to.deep.equal([1, 2, 3, 4])
        else expect((await refusal(file)).message).to.match(what)
      })
    }

    it('a record that is not there', async () => {
      expect((await refusal(await archive(tensor(4, 0, 4, 1)))).message).to.contain('no record data/0')
    })
  })

  it('that hold themselves end', async () => {
    expect(await contents(await archive('}q\x00U\x01ah\x00s'))).to.deep.equal({})
  })

  it('are refused where they are damaged, and archives that are none of theirs', async () => {
    const whole = readFileSync(fixture('layouts.pt'))
    const file = path('damaged.pt')
    const changed = Buffer.from(whole)
    changed[whole.indexOf(Buffer.from(Float32Array.of(1, 2, 3).buffer))]! ^= 1
    writeFileSync(file, changed)
    expect((await refusal(file)).message).to.match(/the checksum of its record data\/\d+ is another. Copy/)
    writeFileSync(file, whole.subarray(0, whole.length - 100))
    expect((await refusal(file)).message).to.match(/end of central directory/i)
    writeFileSync(file, 'PK\x03\x04')
    expect((await refusal(file)).message).to.match(/Copy or write it again/)
    expect((await refusal(await archive('}', {}, true))).message).to.match(/data\.pkl is compressed/)
    expect((await refusal(await archive('}', { byteorder: Buffer.from('big') }))).message).to.match(
      /big-endian/,
    )
    const zip = new yazl.ZipFile()
    zip.addBuffer(Buffer.from('1'), 'a.txt')
    zip.end()
    writeFileSync(file, await buffer(zip.outputStream as NodeJS.ReadableStream))
    expect((await refusal(file)).message).to.match(/without data\.pkl/)
  })
})
