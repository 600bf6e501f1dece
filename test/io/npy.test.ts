import { writeFileSync } from 'node:fs'
import { expect } from 'chai'
import { npyHeader, readNpy } from '../../lib/io/npy.ts'
import { temporaryFolder } from '../support/folder.ts'
import { needTorchvision, runPython } from '../support/python.ts'
import { rejection } from '../support/rejection.ts'

describe('.npy', () => {
  const path = temporaryFolder()
  const values = Float32Array.of(1, -2.5, 3e-40, 4, 5, 6)
  const bytesOf = (header: Uint8Array, data: Uint8Array = new Uint8Array(values.buffer)) =>
    Buffer.concat([header, data])

  it('is read as it was written', async () => {
    writeFileSync(path('a.npy'), bytesOf(npyHeader([2, 3])))
    expect(await readNpy(path('a.npy'))).to.deep.equal({ data: values, shape: [2, 3] })
  })

  it('is read from a header of any length, and of version 2', async () => {
    const [, text] = /\{(.*)\}/.exec(Buffer.from(npyHeader([3, 2])).toString('latin1'))!
    const header = Buffer.from(`{${text}} \n`, 'latin1')
    const one = Buffer.from('\x93NUMPY\x01\x00\0\0', 'latin1')
    one.writeUInt16LE(header.length, 8)
    const two = Buffer.from('\x93NUMPY\x02\x00\0\0\0\0', 'latin1')
    two.writeUInt32LE(header.length, 8)
    for (const start of [one, two]) {
      writeFileSync(path('odd.npy'), bytesOf(Buffer.concat([start, header])))
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
    const whole = bytesOf(npyHeader([2, 3]))
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
