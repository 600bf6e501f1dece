import { mkdtemp, open, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { expect } from 'chai'

import { SimclrError } from '../../lib/addon/errors.ts'
import {
  decodeSafetensors,
  encodeSafetensors,
  readSafetensors,
  readSafetensorsHeader,
  writeSafetensors,
} from '../../lib/io/safetensors.ts'
import { tensorFrom, toFloat32, toFloat64 } from '../../lib/io/tensor.ts'
import { temporaryFolder } from '../support/folder.ts'

/** A file of this header over `dataBytes` zero bytes. */
function fileOf(header: unknown, dataBytes: number): Uint8Array {
  const json = new TextEncoder().encode(typeof header === 'string' ? header : JSON.stringify(header))
  const bytes = new Uint8Array(8 + json.length + dataBytes)
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true)
  bytes.set(json, 8)
  return bytes
}

const bytes = (...values: number[]) => Uint8Array.from(values)

describe('safetensors', () => {
  it('gives back names, order, dtypes, shapes, values and metadata', () => {
    const tensors = [
      tensorFrom('byte', [3], bytes(1, 2, 255)),
      tensorFrom('double', [2], Float64Array.of(Math.PI, -1e300)),
      tensorFrom('single', [2, 2], Float32Array.of(1, -2.5, 3, 1e-20)),
      tensorFrom('integer', [], Int32Array.of(-7)),
      { name: 'long', dtype: 'I64' as const, shape: [1], data: new Uint8Array(BigInt64Array.of(-5n).buffer) },
      { name: 'empty', dtype: 'F32' as const, shape: [0, 4], data: new Uint8Array() },
    ]
    const read = decodeSafetensors(encodeSafetensors(tensors, { arch: 'resnet18', note: 'ünïcode' }))
    expect(read.metadata).to.deep.equal({ arch: 'resnet18', note: 'ünïcode' })
    expect(read.tensors.map(({ name, dtype, shape }) => ({ name, dtype, shape }))).to.deep.equal(
      tensors.map(({ name, dtype, shape }) => ({ name, dtype, shape })),
    )
    for (const [i, tensor] of tensors.entries()) {
      expect(toFloat64(read.tensors[i]!)).to.deep.equal(toFloat64(tensor))
    }
    expect(toFloat64(read.tensors[4]!)[0]).to.equal(-5)
  })

  it('aligns every array to its element', () => {
    const file = encodeSafetensors([
      tensorFrom('a', [3], bytes(1, 2, 3)),
      tensorFrom('b', [1], Float32Array.of(1)),
      tensorFrom('c', [1], Float64Array.of(1)),
    ])
    const [, single, double] = decodeSafetensors(file).tensors
    expect((single!.data.byteOffset - file.byteOffset) % 4).to.equal(0)
    expect((double!.data.byteOffset - file.byteOffset) % 8).to.equal(0)
  })

  it('reads half precision', () => {
    const half = (dtype: 'F16' | 'BF16', ...bits: number[]) =>
      toFloat32({
        name: '',
        dtype,
        shape: [bits.length],
        data: new Uint8Array(Uint16Array.from(bits).buffer),
      })
    expect([...half('F16', 0x3c00, 0xc000, 0x0001, 0x7bff, 0x7c00, 0x8000)]).to.deep.equal([
      1,
      -2,
      2 ** -24,
      65504,
      Infinity,
      -0,
    ])
    expect(half('F16', 0x7e00)[0]).to.be.NaN
    expect([...half('BF16', 0x3f80, 0xc049, 0xff80)]).to.deep.equal([1, -3.140625, -Infinity])
  })

  describe('header alone', () => {
    const path = temporaryFolder()

    it('says of tensors and metadata what the whole file says, however long it is', async () => {
      const tensors = [
        tensorFrom('b', [2, 2], Float32Array.of(1, -2.5, 3, 1e-20)),
        tensorFrom('a', [3], bytes(1, 2, 255)),
      ]
      // The second is longer than what is read at first.
      for (const note of ['short', 'long '.repeat(50_000)]) {
        await writeSafetensors(path('x.safetensors'), tensors, { note })
        const whole = await readSafetensors(path('x.safetensors'))
        expect(await readSafetensorsHeader(path('x.safetensors'))).to.deep.equal({
          metadata: whole.metadata,
          tensors: whole.tensors.map(({ data: _, ...tensor }) => tensor),
        })
      }
    })

    it('is read without the data', async () => {
      const size = 8e9 // more than an array of this test may have
      const start = fileOf({ a: { dtype: 'F32', shape: [size / 4], data_offsets: [0, size] } }, 0)
      await using file = await open(path('sparse.safetensors'), 'w')
      await file.write(start)
      await file.truncate(start.length + size)
      const before = process.memoryUsage().arrayBuffers
      const { tensors } = await readSafetensorsHeader(path('sparse.safetensors'))
      expect(process.memoryUsage().arrayBuffers - before).to.be.below(1e6)
      expect(tensors).to.deep.equal([{ name: 'a', dtype: 'F32', shape: [size / 4] }])
    })

    it('is refused where the file is not as long as it says, and where there is none', async () => {
      const header = { a: { dtype: 'F32', shape: [2], data_offsets: [0, 8] } }
      for (const file of [
        fileOf(header, 7),
        fileOf(header, 9),
        bytes(1, 2, 3),
        bytes(255, 0, 0, 0, 0, 0, 0, 0, 0x7b),
      ]) {
        await writeFile(path('bad.safetensors'), file)
        await expectRejection(readSafetensorsHeader(path('bad.safetensors')), 'ERR_SIMCLR_CORRUPT_FILE')
      }
      await expectRejection(readSafetensorsHeader(path('none')), 'ERR_SIMCLR_IO')
    })
  })

  describe('refuses, naming the reason,', () => {
    const f32 = (begin: number, end: number, shape: number[]) => ({
      dtype: 'F32',
      shape,
      data_offsets: [begin, end],
    })
    const cases: [string, Uint8Array, RegExp][] = [
      ['a file shorter than its length field', bytes(1, 2, 3), /has 3 bytes/],
      ['a header longer than the file', bytes(255, 0, 0, 0, 0, 0, 0, 0, 0x7b, 0x7d), /header has 255/],
      ['a header of absurd length', bytes(0, 0, 0, 0, 0, 0, 0, 0x80), /header has 9223372036854775808/],
      ['text', Buffer.from('no weights at all, but words\n'), /is none: .*another format/],
      ['a zip archive, as .pt is', Buffer.from('PK\x03\x04\0\0\0\0\0\0archive'), /is none: .*another format/],
      ['a header that is not JSON', fileOf('{"a":', 0), /not JSON/],
      ['a header that is not an object', fileOf([1], 0), /not a JSON object/],
      ['an unknown dtype', fileOf({ a: { ...f32(0, 4, [1]), dtype: 'F8' } }, 4), /dtype.*"a"/],
      ['a negative size', fileOf({ a: f32(0, 4, [-1]) }, 4), /"a"/],
      ['a size that disagrees with the shape', fileOf({ a: f32(0, 4, [2]) }, 4), /4 bytes for F32 \[2\]/],
      ['a truncated file', fileOf({ a: f32(0, 8, [2]) }, 7), /7 bytes of data where its header says 8/],
      ['trailing bytes', fileOf({ a: f32(0, 8, [2]) }, 9), /9 bytes of data/],
      ['a hole', fileOf({ a: f32(0, 4, [1]), b: f32(8, 12, [1]) }, 12), /hole.*"b"/],
      ['an overlap', fileOf({ a: f32(0, 8, [2]), b: f32(4, 12, [2]) }, 12), /overlap.*"b"/],
      ['metadata that are not strings', fileOf({ __metadata__: { a: 1 } }, 0), /metadata/],
    ]
    for (const [name, file, message] of cases) {
      it(name, () => {
        expect(() => decodeSafetensors(file, 'x.safetensors'))
          .to.throw(SimclrError, message)
          .with.property('code', 'ERR_SIMCLR_CORRUPT_FILE')
      })
    }
  })

  it('refuses to write a tensor whose bytes disagree with its shape, or a name twice', () => {
    const tensor = tensorFrom('a', [1], Float32Array.of(1))
    expect(() => encodeSafetensors([{ ...tensor, shape: [2] }])).to.throw(SimclrError, /F32 \[2\].*4 bytes/)
    expect(() => encodeSafetensors([tensor, tensor])).to.throw(SimclrError, /`a` twice/)
  })

  it('writes whole files and leaves nothing else behind', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'simclr-'))
    try {
      const path = join(folder, 'x.safetensors')
      await writeSafetensors(path, [tensorFrom('a', [1], Float32Array.of(1))])
      await writeSafetensors(path, [tensorFrom('a', [1], Float32Array.of(2))], { k: 'v' })
      expect(toFloat32((await readSafetensors(path)).tensors[0]!)[0]).to.equal(2)
      expect(await readdir(folder)).to.deep.equal(['x.safetensors'])
      await expectRejection(readSafetensors(join(folder, 'none')), 'ERR_SIMCLR_IO')
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})

async function expectRejection(promise: Promise<unknown>, code: string): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (reason) => reason,
  )
  expect(error).to.be.instanceOf(SimclrError).with.property('code', code)
}
