import { expect } from 'chai'
import { temporaryFolder } from '../support/folder.ts'
import { runOnHost } from './host.ts'

describe('native/cuda without a GPU', function () {
  this.timeout(120_000)
  const folder = temporaryFolder()

  const tests: [title: string, name: string, sources: string[]][] = [
    ['driver and GPU problems are told apart', 'driver', ['native/cuda/device/driver.cc']],
    ['streams that learners have for themselves', 'exclusive', []],
    ['LARS and SGD, all tensors in two launches', 'update', ['native/cuda/optim/update_kernels.cu']],
    ['Adam and AdamW, counting steps on the device', 'adam', ['native/cuda/optim/adam_kernels.cu']],
    ['rows of unit length, and back', 'normalize', ['native/cuda/loss/normalize_kernels.cu']],
    ['NT-Xent on tensor cores', 'contrast', ['native/cuda/loss/contrast_kernels.cu']],
    ['BatchNorm, ReLU and residual addition', 'batch_norm', ['native/cuda/nn/batch_norm_kernels.cu']],
  ]
  const plain = ['augment/reference', 'image/blur', 'image/resample'].map((name) => `native/core/${name}.cc`)
  tests.push(['views of images', 'view', [...plain, 'native/cuda/augment/view_kernels.cu']])
  const data = ['data/bus_errors', 'data/crc32', 'data/image_store', 'data/mapped_file', 'image/pixels']
  const store = data.map((name) => `native/core/${name}.cc`)
  tests.push([
    'where the images of a set go on a GPU',
    'set_layout',
    [...store, 'native/cuda/augment/set_layout.cc'],
  ])
  for (const [title, name, sources] of tests) {
    it(title, () => expect(runOnHost(name, sources, folder(name))).to.equal('ok\n'))
  }
})
