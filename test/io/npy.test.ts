import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import { NpyWriter, readNpy } from '../../lib/io/npy.ts'
import { temporaryFolder } from '../support/folder.ts'
import { needTorchvision, runPython } from '../support/python.ts'
import { rejection } from '../support/rejection.ts'

describe('.npy', () => {
  const path = temporaryFolder()
  const values = Float32Array.of(1, -2.5, 3e-40, 4, 5, 6)

  /** The bytes of the values as a matrix. */
  async function written(columns: number): Promise<Buffer> {
    await using file = await NpyWriter.create(path('written.npy'), columns)
    await file.append(values)
    await file.commit()
    return readFileSync(path('written.npy'))
  }

  it('is read as it was written, whatever parts it came in', async () => {
    for (const parts of [[6], [3, 3], [0, 3, 0, 3], []]) {
      await using file = await NpyWriter.create(path('a.npy'), 3)
      let at = 0
      for (const length of parts) {
        await file.append(values.subarray(at, at + length))
        at += length
      }
      await file.commit()
      const data = values.slice(0, at)
      expect(await readNpy(path('a.npy'))).to.deep.equal({ data, shape: [at / 3, 3] })
    }
  })

  it('is not there where it was not finished', async () => {
    {
      await using file = await NpyWriter.create(path('unfinished.npy'), 3)
      await file.append(values)
    }
    expect(existsSync(path('unfinished.npy'))).to.equal(false)
    expect(readdirSync(path()).filter((name) => name.endsWith('.tmp'))).to.deep.equal([])
    const error = await rejection(NpyWriter.create(path('nowhere', 'x.npy'), 3))
    expect(error).to.have.property('code', 'ERR_SIMCLR_IO')
    expect(error.message).to.contain(path('nowhere', 'x.npy')).and.not.contain('.tmp')
  })

  it('is read from a header of any length, and of version 2', async () => {
    const [, text] = /\{(.*)\}/.exec((await written(2)).toString('latin1'))!
    const header = Buffer.from(`{${text}} \n`, 'latin1')
    const one = Buffer.from('\x93NUMPY\x01\x00\0\0', 'latin1')
    one.writeUInt16LE(header.length, 8)
    const two = Buffer.from('\x93NUMPY\x02\x00\0\0\0\0', 'latin1')
    two.writeUInt32LE(header.length, 8)
    for (const start of [one, two]) {
      writeFileSync(path('odd.npy'), Buffer.concat([start, header, new Uint8Array(values.buffer)]))
      expect(await readNpy(path('odd.npy'))).to.deep.equal({ data: values, shape: [3, 2] })
    }
  })

  it('is read from NumPy, and refused where its values are others or lie otherwise', async function () {
    const python = needTorchvision(this)
    const script = `import sys, numpy as np
x = np.arange(6, dtype=np.float32).reshape(2, 3)
for name, y in dict(c=x, f=np.asfortranarray(x), d=x.astype(np.float64), flat=x.ravel()).items():
    np.save(sys.argv[1] + '/' + name + '.npy', y)
`
    writeFileSync(path('save.py'), script)
    runPython(python, path('save.py'), path())
    expect(await readNpy(path('c.npy'))).to.deep.equal({
      data: Float32Array.of(0, 1, 2, 3, 4, 5),
      shape: [2, 3],
    })
    for (const name of ['f', 'd', 'flat']) {
      const error = await rejection(readNpy(path(`${name}.npy`)))
      expect(error).to.have.property('code', 'ERR_SIMCLR_CORRUPT_FILE')
      expect(error.message)
        .to.contain(path(`${name}.npy`))
        .and.contain("{'descr'")
    }
  })

  it('is refused where it is cut off, too long, or something else', async () => {
    const whole = await written(3)
    for (const [bytes, part] of [
      [whole.subarray(0, -1), 'has 23 bytes of values for 2 x 3'],
      [Buffer.concat([whole, Buffer.alloc(4)]), 'has 28 bytes of values for 2 x 3'],
      [whole.subarray(0, 11), 'is no .npy file'],
      [Buffer.from('a text that is long enough'), 'is no .npy file'],
    ] as const) {
      writeFileSync(path('bad.npy'), bytes)
      const error = await rejection(readNpy(path('bad.npy')))
      expect(error).to.have.property('code', 'ERR_SIMCLR_CORRUPT_FILE')
      expect(error.message).to.contain(part)
    }
    expect(await rejection(readNpy(path('none.npy')))).to.have.property('code', 'ERR_SIMCLR_IO')
  })
})
