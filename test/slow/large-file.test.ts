import { open } from 'node:fs/promises'
import { expect } from 'chai'
import { readSafetensors } from '../../lib/io/safetensors.ts'
import { temporaryFolder } from '../support/folder.ts'

describe('a safetensors file of more than 2 GiB', () => {
  const path = temporaryFolder()

  it('is read whole: wide networks have such checkpoints', async () => {
    const size = 2 ** 31 + 24
    const header = JSON.stringify({ x: { dtype: 'U8', shape: [size], data_offsets: [0, size] } })
    const text = Buffer.from(header.padEnd(Math.ceil(header.length / 8) * 8))
    const length = Buffer.alloc(8)
    length.writeBigUInt64LE(BigInt(text.length))
    const file = await open(path('large.safetensors'), 'w')
    await file.write(Buffer.concat([length, text]))
    await file.write(Buffer.of(7), 0, 1, 8 + text.length + size - 1) // a hole before it
    await file.close()
    const { tensors } = await readSafetensors(path('large.safetensors'))
    expect(tensors[0]!.data.byteLength).to.equal(size)
    expect(tensors[0]!.data[size - 1]).to.equal(7)
  })
})
