import { expect } from 'chai'
import type { DataFacts, MachineFacts } from '../../lib/config/facts.ts'
import { mergeLayers } from '../../lib/config/layers.ts'
import type { TrainOptions } from '../../lib/config/options.ts'
import type { Reason } from '../../lib/config/reason.ts'
import { forRerun } from '../../lib/config/rerun.ts'
import { resolve } from '../../lib/config/resolve.ts'
import type { TrainSettings } from '../../lib/config/settings.ts'

const machine: MachineFacts = { cores: 4, devices: ['cpu'], gpuProblem: 'No driver.', bf16Speed: () => 2 }
const cifar: DataFacts = { images: 50_000, imageSize: 32, labelled: true, isDefault: false }

/** The configuration of a run of `first`, started again from its config.json with `changes`, maybe elsewhere. */
function again(
  first: TrainSettings,
  changes: TrainSettings,
  { from = cifar, to = cifar, on = machine } = {},
) {
  const { config, why } = resolve(first, { data: from, machine })
  const { data: _, ...settings } = mergeLayers([
    { by: 'option', why: 'file', values: forRerun({ options: config, why }, changes) },
    { by: 'option', why: 'flags', values: changes },
  ]).values as TrainOptions
  return resolve(settings, { data: to, machine: on }).config
}

describe('a run again with other options', () => {
  it('is the same run where they decide nothing else', () => {
    const { config } = resolve({ preset: 'paper', temperature: 0.3 }, { data: cifar, machine })
    expect(again({ preset: 'paper', temperature: 0.3 }, { seed: 1 })).to.deep.equal({ ...config, seed: 1 })
  })

  it('has colours by another strength, but for those that were chosen', () => {
    const { augment } = again({ preset: 'torch', augment: { hue: 0.05 } }, { augment: { strength: 1 } })
    expect(augment).to.include({ brightness: 0.8, contrast: 0.8, saturation: 0.8, hue: 0.05 })
  })

  it('has epochs in place of steps', () => {
    expect(again({ steps: 30 }, { epochs: 50 })).to.include({ epochs: 50, steps: null })
  })

  it('has the settings of another optimizer, convention and preset, and what was chosen', () => {
    const sgd = again({ preset: 'paper', temperature: 0.3 }, { optimizer: { name: 'sgd' } })
    expect(sgd.optimizer.lr).to.equal(
      resolve({ optimizer: { name: 'sgd' } }, { data: cifar, machine }).config.optimizer.lr,
    )
    expect(sgd).to.include({ preset: 'paper', temperature: 0.3 })
    const torch = again({ preset: 'paper' }, { convention: 'torch' })
    expect([torch.augment.convention, torch.schedule.convention]).to.deep.equal(['torch', 'torch'])
    expect(again({ preset: 'paper' }, { preset: 'torch' })).to.deep.equal(
      resolve({ preset: 'torch' }, { data: cifar, machine }).config,
    )
  })

  it('fits other data, another machine and another length, but for what was chosen', () => {
    const few = { ...cifar, images: 100, labelled: false }
    const large = { ...cifar, imageSize: 400 }
    expect(again({}, {}, { from: few })).to.deep.equal(resolve({}, { data: cifar, machine }).config)
    expect(again({}, {}, { to: large })).to.deep.equal(resolve({}, { data: large, machine }).config)
    expect(again({ batchSize: 64, imageSize: 48 }, {}, { from: few, to: large })).to.include({
      batchSize: 64,
      imageSize: 48,
    })
    const gpu = { ...machine, cores: 16, devices: ['cpu', 'cuda:0'] }
    expect(again({}, {}, { on: gpu })).to.include({ device: 'cuda:0', threads: 16, precision: 'bf16' })
    expect(again({ device: 'cpu', threads: 2 }, {}, { on: gpu })).to.include({ device: 'cpu', threads: 2 })
    expect(again({ preset: 'cifar' }, { epochs: 3 }).schedule.warmupEpochs).to.equal(0.3)
  })

  it('keeps what a run had from one that is not known, and all of a file without reasons', () => {
    const { config } = resolve({ temperature: 0.3 }, { data: cifar, machine })
    // However people are told: who decided is no matter of words.
    const why: Record<string, Reason> = {
      temperature: { by: 'resumed', text: 'as before' },
      batchSize: { by: 'preset', text: 'option of the preset cifar' },
    }
    expect(forRerun({ options: config, why }, {}))
      .to.include({ temperature: 0.3 })
      .and.not.have.any.keys('batchSize')
    expect(forRerun({ options: config }, {})).to.deep.equal(config)
  })
})
