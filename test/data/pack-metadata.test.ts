import { expect } from 'chai'
import { decodeMetadata, encodeMetadata } from '../../lib/data/pack-metadata.ts'

describe("a pack's metadata", () => {
  const tricky = [
    '',
    'plain',
    '","names":["x"]',
    'back\\slash\\',
    'a "quoted"',
    'line\nbreak',
    'ümlaut 🙂',
    '{[',
  ]
  const encoded = (name: string, classNames: string[] | null, names: string[]) =>
    Buffer.concat([...encodeMetadata(name, classNames, names)])
  const namesIn = (json: Buffer, count: number) => {
    const { nameOf } = decodeMetadata(json, count)
    return Array.from({ length: count }, (_, i) => nameOf(i))
  }

  it('are the JSON that the format has, in pieces', () => {
    const classNames = ['"names":[', 'b']
    const json = encoded('a set', classNames, tricky)
    expect(json.toString()).to.equal(JSON.stringify({ name: 'a set', classNames, names: tricky }))
    expect(decodeMetadata(json, tricky.length)).to.deep.include({ name: 'a set', classNames })
    expect(namesIn(json, tricky.length)).to.deep.equal(tricky)
    const long = Array.from({ length: 40_000 }, (_, i) => `${'x'.repeat(100)}${i}`)
    const pieces = [...encodeMetadata('long', null, long)]
    expect(pieces).to.have.length.above(3)
    for (const piece of pieces) expect(piece.length).to.be.below(1.1e6)
    expect(Buffer.concat(pieces).toString()).to.equal(
      JSON.stringify({ name: 'long', classNames: null, names: long }),
    )
  })

  it('may have been written by anybody: in any order, with spaces, with members of their own', () => {
    const own = {
      names: tricky,
      of: { names: ['another'] },
      name: 'names',
      more: ['names', []],
      classNames: null,
    }
    for (const json of [
      JSON.stringify(own, null, 2),
      JSON.stringify(own, null, '\t').replace(/^(\t+"\w+"):/gm, '$1 : '),
    ]) {
      expect(decodeMetadata(Buffer.from(json), tricky.length).name).to.equal('names')
      expect(namesIn(Buffer.from(json), tricky.length)).to.deep.equal(tricky)
    }
  })

  it('may have no names, or fewer or more than there are images', () => {
    expect(namesIn(Buffer.from('{"name":"a"}'), 2)).to.deep.equal([undefined, undefined])
    expect(namesIn(Buffer.from('{"name":"a","names":null}'), 1)).to.deep.equal([undefined])
    expect(namesIn(encoded('a', null, []), 1)).to.deep.equal([undefined])
    expect(namesIn(encoded('a', null, ['x']), 2)).to.deep.equal(['x', undefined])
    expect(namesIn(encoded('a', null, ['x', 'y']), 1)).to.deep.equal(['x'])
  })

  it('are refused where they are no JSON, or names are no strings', () => {
    for (const json of ['{"name":"a","names":[1]}', '{"name":"a","names":["a"', '{"name":"a', '']) {
      expect(() => decodeMetadata(Buffer.from(json), 1), json).to.throw(SyntaxError)
    }
  })
})
