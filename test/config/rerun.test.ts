import { expect } from 'chai'
import { mergeLayers } from '../../lib/config/layers.ts'
import type { TrainOptions } from '../../lib/config/options.ts'
import { forRerun } from '../../lib/config/rerun.ts'
import { type DataFacts, type MachineFacts, resolve } from '../../lib/config/resolve.ts'
import type { TrainSettings } from '../../lib/config/settings.ts'

const machine: MachineFacts = { cores: 4, devices: ['cpu'], gpuProblem: 'No driver.', bf16Speed: () => 2 }
const cifar: DataFacts = { images: 50_000, imageSize: 32, labelled: true, isDefault: false }

/** The configuration of a run of `first`, started again from its config.json with `changes`. */
function again(first: TrainSettings, changes: TrainSettings) {
  const { config, why } = resolve(first, cifar, machine)
  const { data: _, ...settings } = mergeLayers([
    { why: 'file', values: forRerun({ options: config, why }, changes) },
    { why: 'flags', values: changes },
  ]).values as TrainOptions
  return resolve(settings, cifar, machine).config
}

describe('a run again with other options', () => {
  it('is the same run where they decide nothing else', () => {
    const { config } = resolve({ preset: 'paper', temperature: 0.3 }, cifar, machine)
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
      resolve({ optimizer: { name: 'sgd' } }, cifar, machine).config.optimizer.lr,
    )
    expect(sgd).to.include({ preset: 'paper', temperature: 0.3 })
    const torch = again({ preset: 'paper' }, { convention: 'torch' })
    expect([torch.augment.convention, torch.schedule.convention]).to.deep.equal(['torch', 'torch'])
    expect(again({ preset: 'paper' }, { preset: 'torch' })).to.deep.equal(
      resolve({ preset: 'torch' }, cifar, machine).config,
    )
  })
})
