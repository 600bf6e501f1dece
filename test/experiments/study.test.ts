import { spawnSync } from 'node:child_process'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { type Arm, arms, armsFor, baseFor, epochsOf } from '../../experiments/study/arms.ts'
import { bars } from '../../experiments/study/bars.ts'
import { type Topic, topics } from '../../experiments/study/claims.ts'
import type { Baselines, Result } from '../../experiments/study/measure.ts'
import { ResultSet } from '../../experiments/study/result-set.ts'
import { packageRoot } from '../../lib/addon/binary.ts'
import { temporaryFolder } from '../support/folder.ts'

const armOf = (factor: string, name: string) =>
  arms.find((arm) => arm.factor === factor && arm.name === name) as Arm

const topicOf = (factor: string) => topics.find((topic) => topic.factor === factor) as Topic

/** A training of an arm that came to `accuracy` on h, and a hundredth less on z. */
function line(arm: Arm, seed: number, accuracy: number, more: Partial<Result> = {}): Result {
  const [images, epochs] = [10_000, epochsOf(arm, 12, 10_000)]
  const of = (value: number) => ({ knn: value, linear: value })
  return {
    ...{
      key: `${arm.factor}, ${arm.name}, ${seed}`,
      change: arm.change,
      seed,
      data: 'photos',
      images,
      epochs,
    },
    ...{ testImages: 2000, loss: 1, contrastiveAccuracy: 0.5, seconds: 1 },
    ...{ h: of(accuracy), z: of(accuracy - 0.01), ...more },
  }
}

describe('the study', () => {
  it('shows every batch as many images', () => {
    const shown = (arm: Arm, images: number) => {
      const batch = arm.change.batchSize ?? 128
      return epochsOf(arm, 12, images) * Math.floor(images / batch) * batch
    }
    const sizes = arms.filter(({ factor }) => factor === 'batch size')
    expect(sizes).to.have.length(4)
    // 10,000 is 78 batches of 128 and 9 of 1,024, which drop 16 and 784 images an epoch: 13 epochs of these are 12.
    for (const arm of sizes) expect(shown(arm, 10_000), arm.name).to.equal(12 * 9984)
    for (const arm of sizes) expect(shown(arm, 2048), arm.name).to.equal(12 * 2048)
  })

  it('greys scenes, whose colours say nothing of their class, and leaves them sharp', () => {
    expect(baseFor('synthetic:scenes,split=train').augment).to.include({ gray: 0.8, blur: 0, strength: 1 })
    expect(baseFor('photos.pack').augment).to.deep.equal({ strength: 1, blur: 0.5 })
    const named = (data: string) =>
      armsFor(data).flatMap(({ factor, name }) => (factor === 'augmentation' ? [name] : []))
    expect(named('synthetic:scenes')).to.include('with blur').and.not.include('without blur')
    expect(named('photos.pack')).to.include('without blur').and.not.include('with blur')
  })

  it('claims nothing of arms that there are not', () => {
    for (const { factor, claims } of topics) {
      for (const { higher, lower } of claims) {
        expect(armOf(factor, higher), higher).to.not.equal(undefined)
        expect(armOf(factor, lower), lower).to.not.equal(undefined)
      }
    }
  })

  it('judges by the seeds that both arms have', () => {
    const [with_, without] = ['crop, colour, blur', 'without crop'].map((name) => armOf('augmentation', name))
    const first = [0.4, 0.5, 0.6].map((accuracy, seed) => line(with_!, seed, accuracy))
    const second = [0.1, 0.2, 0.36].map((accuracy, seed) => line(without!, seed, accuracy))
    const elsewhere = line(armOf('depth', 'ResNet-34'), 0, 0.9, { epochs: 7 })
    const set = new ResultSet('photos', [...first, ...second, elsewhere])
    expect(set.results).to.have.length(6)
    const topic = topicOf('augmentation')
    const effect = set.effect(topic, topic.claims.find(({ lower }) => lower === 'without crop')!)!
    expect(effect.seeds).to.equal(3)
    expect(effect.mean).to.be.closeTo((0.3 + 0.3 + 0.24) / 3, 1e-12)
    // Deviation 0.0346 with two degrees of freedom.
    expect(effect.halfWidth).to.be.closeTo((4.303 * 0.03464) / Math.sqrt(3), 0.001)
    expect(set.headEffect().mean).to.be.closeTo(0.01, 1e-12)
    expect(set.effect(topicOf('depth'), topicOf('depth').claims[0]!)).to.equal(null)
  })

  it('draws a panel for each data set, and bars below zero', () => {
    const svg = bars(
      'A < B',
      ['one', 'two'],
      [
        { name: 'x', values: [[0.5, 0.7], []] },
        { name: 'y', values: [[-0.2], [0.1]] },
      ],
    )
    expect(svg.match(/<circle/g)).to.have.length(4)
    expect(svg).to.include('A &lt; B').and.include('not run').and.include('>0.600<').and.include('>-0.200<')
    for (const [, width] of svg.matchAll(/<rect [^>]*width="([^"]+)"/g)) expect(Number(width)).to.be.above(0)
  })
})

describe('the study on scenes', () => {
  const at = temporaryFolder()

  it('records what a training was, and does it once', () => {
    const out = at('scenes.jsonl')
    const sets = [
      '--data',
      'synthetic:scenes,split=train,count=200',
      '--test',
      'synthetic:scenes,split=test,count=200',
    ]
    const study = () => {
      const command = [...sets, '--out', out, '--epochs', '1', '--factor', 'base']
      const run = spawnSync(process.execPath, ['--import', 'tsx', 'experiments/study/main.ts', ...command], {
        cwd: packageRoot,
        encoding: 'utf8',
      })
      expect(run.status, run.stderr).to.equal(0)
      return readFileSync(out, 'utf8')
    }
    const text = study()
    const [before, base] = text.split('\n').map((one) => one && JSON.parse(one)) as [Baselines, Result]
    const data = 'synthetic:scenes,split=train,count=200'
    expect(before)
      .to.deep.include({ data })
      .and.have.keys('key', 'data', 'raw', 'random', 'machine', 'date', 'commit')
    expect(base).to.deep.include({
      data,
      change: {},
      seed: 0,
      images: 160,
      testImages: 40,
      epochs: 1,
      precision: 'fp32',
    })
    expect(base.machine).to.match(/LibTorch \d/)
    expect(base.date).to.match(/^\d{4}-\d\d-\d\d$/)
    expect(study()).to.equal(text)
  })
})

describe('the page of findings', () => {
  const at = temporaryFolder()

  it('has both data sets side by side, plots in its own folder and no verdict without repeated seeds', () => {
    const [small, large] = ['64, lr linear', '256, lr linear'].map((name) => armOf('batch size', name))
    const before: Baselines = {
      data: 'photos',
      raw: { knn: 0.4, linear: 0.3 },
      random: { knn: 0.2, linear: 0.3 },
    }
    const photos = [0, 1, 2].flatMap((seed) => [
      line(small!, seed, 0.5),
      line(large!, seed, 0.6 + seed / 1000),
    ])
    const scenes = [line(small!, 0, 0.7), line(large!, 0, 0.6)].map((one) => ({
      ...one,
      ...{
        data: 'synthetic:scenes,count=5',
        precision: 'fp32',
        date: '2026-11-30',
        commit: 'abc',
        machine: 'M',
      },
    }))
    const [a, b, page] = ['a.jsonl', 'b.jsonl', 'other.md'].map((name) => at(name)) as [
      string,
      string,
      string,
    ]
    writeFileSync(a, [before, ...photos].map((one) => `${JSON.stringify(one)}\n`).join(''))
    writeFileSync(b, scenes.map((one) => `${JSON.stringify(one)}\n`).join(''))
    const command = [
      '--import',
      'tsx',
      'experiments/study/page.ts',
      '--results',
      a,
      '--results',
      b,
      '--page',
      page,
    ]
    const { status, stderr } = spawnSync(process.execPath, command, { cwd: packageRoot, encoding: 'utf8' })
    expect(status, stderr).to.equal(0)
    const text = readFileSync(page, 'utf8')
    expect(text).to.match(
      /“256, lr linear” above “64, lr linear” \| linear on h \| \+0\.101 ± [\d.]+, 3 seeds: \*\*agrees\*\* \| −0\.100, 1 seed: not judged \|/,
    )
    expect(text).to.include('| raw pixels | 0.400 | 0.300 | – | – |')
    expect(text).to.include('2026-11-30 | abc | M |')
    expect(text).to.include(`from ${a} and ${b}`)
    const shown = [...text.matchAll(/\]\(other\/([\w-]+\.svg)\)/g)].map(([, name]) => name!)
    expect(shown).to.include('batch-size-linear.svg')
    expect(readdirSync(at('other')).sort()).to.deep.equal(shown.sort())
  })

  it('is docs/findings.md, with the committed results', () => {
    const page = at('findings.md')
    const command = ['--import', 'tsx', 'experiments/study/page.ts', '--page', page]
    const { status, stderr } = spawnSync(process.execPath, command, { cwd: packageRoot, encoding: 'utf8' })
    expect(status, stderr).to.equal(0)
    const files = ['findings.md', ...readdirSync(at('findings')).map((svg) => `findings/${svg}`)]
    expect(files).to.have.length.above(10)
    for (const file of files) {
      expect(readFileSync(at(file), 'utf8'), file).to.equal(
        readFileSync(join(packageRoot, 'docs', file), 'utf8'),
      )
    }
  })
})
