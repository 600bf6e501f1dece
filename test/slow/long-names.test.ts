import { constants } from 'node:buffer'
import { statSync } from 'node:fs'
import { expect } from 'chai'
import { readFeatures } from '../../lib/cli/features.ts'
import { open } from '../../lib/data/open.ts'
import { pack } from '../../lib/data/pack.ts'
import { NpyWriter } from '../../lib/io/npy.ts'
import { writeOutput } from '../../lib/io/output.ts'
import { inPieces } from '../../lib/io/pieces.ts'
import { temporaryFolder } from '../support/folder.ts'

describe('names of more characters than a string can have', function () {
  this.timeout(120_000)
  const path = temporaryFolder()
  // Few long ones here; millions of short ones come to the same.
  const count = 65
  const tail = 'x'.repeat(2 ** 23)
  const nameOf = (index: number) => `${index}${tail}`
  const all = count * tail.length

  before(() => expect(all).to.be.above(constants.MAX_STRING_LENGTH))

  it('are written into a pack, and read from it', async () => {
    const image = { data: new Uint8Array(3), width: 1, height: 1, channels: 3 } as const
    const set = await open({ name: 'long', count, read: () => image, nameOf })
    const { bytes } = await pack(set, path('long.pack'))
    expect(bytes).to.be.above(all)
    const again = await open(path('long.pack'))
    for (const index of [0, 1, count - 1]) expect(again.nameOf(index) === nameOf(index)).to.equal(true)
    await again.close()
  })

  it('are written beside features, and read with them', async () => {
    await using file = await NpyWriter.create(path('x.npy'), 1)
    await file.append(new Float32Array(count))
    await file.commit()
    const lines = Array.from({ length: count }, (_, index) => `${nameOf(index)}\n`)
    await writeOutput(path('x.files.txt'), inPieces(lines))
    expect(statSync(path('x.files.txt')).size).to.be.above(all)
    const { names } = await readFeatures(path('x.npy'))
    expect(names).to.have.length(count)
    expect(names[count - 1] === nameOf(count - 1)).to.equal(true)
  })
})
