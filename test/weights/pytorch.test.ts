import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { Encoder } from '../../lib/encoder.ts'
import { train } from '../../lib/train.ts'
import { relativeL2 } from '../../lib/verify/compare.ts'
import { simclr } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { congruential } from '../support/pixels.ts'
import { rejection } from '../support/rejection.ts'

const fixture = (name: string) => fileURLToPath(new URL(`../fixtures/pytorch/${name}`, import.meta.url))
const checkpoint = fixture('lightly.ckpt')

describe('weights of other programs', function () {
  this.timeout(60_000)
  const path = temporaryFolder()

  it("a checkpoint of Lightning with lightly's network has the features that it has there", async () => {
    const features = readFileSync(fixture('lightly.txt'), 'utf8').trim().split('\n').map(Number)
    await using encoder = await Encoder.load(checkpoint, { device: 'cpu' })
    expect(encoder.spec).to.deep.equal({
      arch: 'resnet18',
      width: 1 / 64,
      stem: 'cifar',
      convention: 'torch',
      skRatio: 0,
    })
    expect(encoder.foreign).to.deep.equal({
      prefix: 'state_dict.backbone.',
      unused: ['state_dict.projection_head', 'callbacks', 'optimizer_states'],
    })
    const { data, shape } = await encoder.embed(congruential(3, 32))
    expect(shape).to.deep.equal([3, 8])
    expect(relativeL2(data, Float64Array.from(features))).to.be.below(1e-5)
    await encoder.save(path('own.safetensors'))
    await using own = await Encoder.load(path('own.safetensors'), { device: 'cpu' })
    expect(own.foreign).to.equal(null)
    expect((await own.embed(congruential(3, 32))).data).to.deep.equal(data)
  })

  it('training begins with them, and says what it has not used', async () => {
    const warnings: string[] = []
    const run = await train({
      init: checkpoint,
      data: congruential(8, 32),
      out: path('run'),
      epochs: 1,
      batchSize: 4,
      optimizer: { lr: 0 },
      schedule: { warmupEpochs: 0 },
      report: false,
      device: 'cpu',
      onProgress: (event) => {
        if (event.type === 'warning') warnings.push(event.message)
      },
    })
    expect(run.config.encoder).to.include({ arch: 'resnet18', width: 1 / 64 })
    run.encoder.dispose()
    expect(warnings.filter((message) => message.startsWith(checkpoint))).to.deep.equal([
      `${checkpoint}: the arrays whose names begin with state_dict.backbone. are a resnet18. Not used: state_dict.projection_head, callbacks, optimizer_states.`,
    ])
  })

  it('commands use them, and say so', async () => {
    const data = ['--data', 'fashion-mnist', '--limit', '40']
    const embedded = await simclr(['embed', '--encoder', checkpoint, ...data, '--out', path('x.npy')])
    expect(embedded).to.have.property('code', 0)
    const test = ['--test', 'fashion-mnist:test']
    const evaluated = await simclr(['eval', '--encoder', checkpoint, ...data, ...test])
    expect(evaluated).to.have.property('code', 0)
    for (const { stderr } of [embedded, evaluated])
      expect(stderr).to.contain(`Note: ${checkpoint}: the arrays`)
  })

  it('are refused where they are no ResNet, by the names that there are', async () => {
    const error = await rejection(Encoder.load(fixture('layouts.pt')))
    expect(error).to.have.property('code', 'ERR_SIMCLR_INCOMPATIBLE_WEIGHTS')
    expect(error.message).to.contain('15 arrays: nested.0.rows, nested.0.columns, channels_last, part, …')
  })

  it('are refused where their pickle calls a command, which does not run', async () => {
    const error = await rejection(Encoder.load(fixture('command.pt')))
    expect(error).to.have.property('code', 'ERR_SIMCLR_CORRUPT_FILE')
    expect(error.message).to.contain('posix.system')
    expect(existsSync('/tmp/simclr-a-pickle-was-run')).to.equal(false)
  })
})
