import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import sharp from 'sharp'
import { Encoder } from '../../lib/encoder.ts'
import { ops } from '../../lib/ops/index.ts'
import { simclr } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { congruential } from '../support/pixels.ts'

describe('simclr nearest', function () {
  this.timeout(120_000)
  const path = temporaryFolder()
  const names = Array.from({ length: 9 }, (_, i) => (i === 4 ? 'ta\tb.png' : `${i}.png`)).sort()
  let right: Awaited<ReturnType<typeof ops.nearest>>
  const parsed = (stdout: string) =>
    stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))

  before(async () => {
    mkdirSync(path('set'))
    mkdirSync(path('asked'))
    const pictures = congruential(11, 16)
    const files = [...names.map((name) => path('set', name)), path('asked', 'x.png'), path('asked', 'y.png')]
    for (const [i, { data, width, height }] of pictures.entries())
      await sharp(data, { raw: { width, height, channels: 3 } })
        .png()
        .toFile(files[i]!)
    const spec = { arch: 'resnet18', width: 0.125, stem: 'imagenet' } as const
    await using encoder = await Encoder.random(spec, { imageSize: 16 }, { device: 'cpu' })
    await encoder.save(path('encoder.safetensors'))
    const { data } = await encoder.embed(files)
    const dim = encoder.featureDim
    right = await ops.nearest(data.slice(9 * dim), data.slice(0, 9 * dim), { dim, k: 3 })
  })

  const images = () => ['--encoder', path('encoder.safetensors'), '--data', path('set')]

  it('prints names and similarities, a line for each neighbour', async () => {
    const { code, stdout, stderr } = await simclr([
      'nearest',
      ...images(),
      '--query',
      path('asked'),
      '--k',
      '3',
    ])
    expect(code, stderr).to.equal(0)
    const expected = [...right.indices].map((index, i) => {
      const name = names[index]!
      const field = name.includes('\t') ? JSON.stringify(name) : name
      return `${i < 3 ? 'x' : 'y'}.png\t${field}\t${right.similarities[i]!.toFixed(4)}`
    })
    expect(stdout.trimEnd().split('\n')).to.deep.equal(expected)
    expect(stderr).to.contain('2 queries, 3 of 9 each.')
  })

  it('tells the same as JSON, from features that simclr embed has written, which need no encoder', async () => {
    const encoder = ['--encoder', path('encoder.safetensors')]
    for (const name of ['set', 'asked']) {
      const { code, stderr } = await simclr([
        'embed',
        ...encoder,
        '--data',
        path(name),
        '--out',
        path(`${name}.npy`),
      ])
      expect(code, stderr).to.equal(0)
    }
    const k = ['--k', '3', '--json']
    const both = await simclr(['nearest', '--data', path('set.npy'), '--query', path('asked.npy'), ...k])
    const one = await simclr([
      'nearest',
      ...encoder,
      '--data',
      path('set.npy'),
      '--query',
      path('asked'),
      ...k,
    ])
    for (const { code, stdout, stderr } of [both, one]) {
      expect(code, stderr).to.equal(0)
      const [x, y, result] = parsed(stdout)
      expect(result).to.deep.equal({ type: 'result', queries: 2, references: 9, k: 3, skipped: 0 })
      for (const [i, { type, name, neighbours }] of [x, y].entries()) {
        expect([type, name]).to.deep.equal(['query', i === 0 ? 'x.png' : 'y.png'])
        const indices = [...right.indices.subarray(3 * i, 3 * i + 3)]
        expect(neighbours.map(({ index }: { index: number }) => index)).to.deep.equal(indices)
        expect(neighbours.map(({ name }: { name: string }) => name)).to.deep.equal(
          indices.map((at) => names[at]),
        )
        for (const [j, { similarity }] of neighbours.entries())
          expect(similarity).to.be.closeTo(right.similarities[3 * i + j]!, 1e-5)
      }
    }
  })

  it('names rows by number where their names are not there, and refuses too few of them', async () => {
    writeFileSync(path('asked.files.txt'), 'one\n')
    const args = ['nearest', '--data', path('set.npy'), '--query', path('asked.npy'), '--metric', 'euclidean']
    const few = await simclr(args)
    expect(few.code).to.equal(1)
    expect(few.stderr).to.contain('a name for each of the 2 rows').and.contain('has 1 lines')
    rmSync(path('asked.files.txt'))
    const { code, stdout, stderr } = await simclr([...args, '--json'])
    expect(code, stderr).to.equal(0)
    expect(parsed(stdout)[1]).to.have.property('name', '1')
    expect(parsed(stdout)[1].neighbours[0].similarity).to.be.below(0)
  })

  it('says what it needs', async () => {
    const bare = await simclr(['nearest', '--data', path('set'), '--query', path('asked.npy')])
    expect([bare.code, bare.stderr]).to.satisfy(([c, s]: [number, string]) => c === 2 && /`encoder`/.test(s))
    const many = await simclr(['nearest', ...images(), '--query', path('asked'), '--k', '10'])
    expect([many.code, many.stderr]).to.satisfy(
      ([c, s]: [number, string]) => c === 2 && /at most the 9 references/.test(s),
    )
  })
})
