import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { writeOutput } from '../../lib/io/output.ts'
import { inPieces, linesOf } from '../../lib/io/pieces.ts'
import { temporaryFolder } from '../support/folder.ts'

describe('text in pieces', () => {
  const path = temporaryFolder()
  const texts = Array.from({ length: 300_000 }, (_, i) => `ü${i} 🙂\n`)

  it('is the same text, and so is what is written of it', async () => {
    const pieces = [...inPieces(texts)]
    expect(pieces).to.have.length.above(2)
    expect(Buffer.concat(pieces).toString()).to.equal(texts.join(''))
    await writeOutput(path('pieces.txt'), inPieces(texts))
    expect(readFileSync(path('pieces.txt'), 'utf8')).to.equal(texts.join(''))
    await writeOutput(path('none.txt'), inPieces([]))
    expect(readFileSync(path('none.txt'), 'utf8')).to.equal('')
  })

  it('has its lines, empty ones too, up to the last line feed', () => {
    const text = texts.join('')
    expect([...linesOf(Buffer.from(text))].join('\n')).to.equal(text.slice(0, -1))
    expect([...linesOf(Buffer.from('a\n\nb\r\nrest'))]).to.deep.equal(['a', '', 'b\r'])
    expect([...linesOf(Buffer.alloc(0))]).to.deep.equal([])
  })
})
