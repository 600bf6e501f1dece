import { readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import { Encoder } from '../../lib/encoder.ts'
import { readSafetensors, writeSafetensors } from '../../lib/io/safetensors.ts'
import { toFloat32 } from '../../lib/io/tensor.ts'
import { temporaryFolder } from '../support/folder.ts'
import { rejection } from '../support/rejection.ts'

describe('encoder.safetensors', () => {
  const path = temporaryFolder()
  before(async () => {
    const spec = { arch: 'resnet18', width: 0.25, stem: 'cifar', convention: 'torch', skRatio: 0 } as const
    const preprocessing = { imageSize: 32, convention: 'torch', normalize: null } as const
    const encoder = await Encoder.random(spec, preprocessing)
    await encoder.save(path('encoder.safetensors'))
    encoder.dispose()
  })
  const refusal = (name: string) => rejection(Encoder.load(path(name)))

  it('is refused where a byte of it has changed', async () => {
    const bytes = readFileSync(path('encoder.safetensors'))
    bytes[bytes.length - 2001]! ^= 0xff
    writeFileSync(path('damaged.safetensors'), bytes)
    const error = await refusal('damaged.safetensors')
    expect(error).to.have.property('code', 'ERR_SIMCLR_CORRUPT_FILE')
    expect(error.message).to.contain(path('damaged.safetensors'))
  })

  it('is refused where its weights are not finite, by the first one', async () => {
    const { tensors, metadata } = await readSafetensors(path('encoder.safetensors'))
    const { sha256, ...rest } = metadata
    expect(sha256).to.match(/^[0-9a-f]{64}$/)
    const spoiled = tensors.map((tensor) => {
      if (tensor.name !== 'layer1.0.conv1.weight') return tensor
      const values = toFloat32(tensor).slice()
      values[5] = Number.NaN
      return { ...tensor, data: new Uint8Array(values.buffer) }
    })
    await writeSafetensors(path('nan.safetensors'), spoiled, rest)
    const error = await refusal('nan.safetensors')
    expect(error).to.have.property('code', 'ERR_SIMCLR_INCOMPATIBLE_WEIGHTS')
    expect(error.message).to.contain('`layer1.0.conv1.weight`')
  })

  it('that was changed on purpose, and has no checksum any more, loads', async () => {
    const { tensors, metadata } = await readSafetensors(path('encoder.safetensors'))
    const { sha256: _, ...rest } = metadata
    await writeSafetensors(path('changed.safetensors'), tensors, rest)
    const encoder = await Encoder.load(path('changed.safetensors'))
    expect(encoder.spec.width).to.equal(0.25)
    encoder.dispose()
  })
})
