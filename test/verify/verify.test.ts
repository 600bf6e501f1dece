import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { expect } from 'chai'

import { readSafetensors, writeSafetensors } from '../../lib/io/safetensors.ts'
import { tensorFrom, toFloat64 } from '../../lib/io/tensor.ts'
import { type Quantity, verifyFolder } from '../../lib/verify/verify.ts'
import { naiveNtXent, randomRows } from '../ops/naive.ts'
import { temporaryFolder } from '../support/folder.ts'

/** Small golden files of every kind; the tests tamper with copies. */
const golden = fileURLToPath(new URL('../golden/', import.meta.url))

/** Quantities that failed, as `file quantity`. */
function failures(quantities: Quantity[]): string[] {
  return quantities.filter(({ pass }) => !pass).map(({ file, quantity }) => `${file} ${quantity}`)
}

describe('verify', () => {
  const folder = temporaryFolder()
  let serial = 0

  /** A new folder with copies of golden files. */
  function copyOf(...files: string[]): string {
    const path = folder(String(serial++))
    mkdirSync(path, { recursive: true })
    for (const file of files) cpSync(golden + file, `${path}/${file}`)
    return path
  }

  // biome-ignore lint/suspicious/noExplicitAny: tampering with files of every kind
  function editJson(path: string, edit: (json: any) => void): void {
    const json = JSON.parse(readFileSync(path, 'utf8'))
    edit(json)
    writeFileSync(path, JSON.stringify(json))
  }

  async function editTensor(path: string, name: string, edit: (values: Float64Array) => void): Promise<void> {
    const { tensors } = await readSafetensors(path)
    await writeSafetensors(
      path,
      tensors.map((tensor) => {
        if (tensor.name !== name) return tensor
        const values = toFloat64(tensor)
        edit(values)
        return tensorFrom(name, tensor.shape, Float32Array.from(values))
      }),
    )
  }

  describe('finds a wrong', () => {
    const cases: [what: string, files: string[], edit: (path: string) => unknown, expected: RegExp][] = [
      [
        'loss',
        ['ntxent_paper.json', 'ntxent_paper.safetensors'],
        (path) => editJson(`${path}/ntxent_paper.json`, ({ cases }) => (cases[2].loss *= 1.0001)),
        /B2_D4_t0\.5 loss fp32/,
      ],
      [
        'loss gradient',
        ['ntxent_paper.json', 'ntxent_paper.safetensors'],
        (path) =>
          editTensor(`${path}/ntxent_paper.safetensors`, 'grad_B64_D128_t0.1', (g) => (g[77]! += 1e-6)),
        /B64_D128_t0\.1 gradient fp64/,
      ],
      [
        'accuracy',
        ['ntxent_paper.json', 'ntxent_paper.safetensors'],
        (path) => editJson(`${path}/ntxent_paper.json`, ({ cases }) => (cases[8].contrast_acc -= 1 / 64)),
        /contrast_acc fp32/,
      ],
      [
        'weight after a step',
        ['lars_paper.json', 'lars_paper.safetensors'],
        (path) =>
          editTensor(`${path}/lars_paper.safetensors`, 'wd0_popular_plain/w/1', (w) => (w[200]! *= 1.001)),
        /wd0_popular_plain weights projection_head/,
      ],
      [
        'learning rate',
        ['lr_paper.json'],
        (path) => editJson(`${path}/lr_paper.json`, ({ schedules }) => (schedules[4].lr[30] *= 1.0001)),
        /4: .* lr/,
      ],
      [
        'number of steps',
        ['lr_paper.json'],
        (path) => editJson(`${path}/lr_paper.json`, ({ schedules }) => schedules[1].total_steps++),
        /1: .* total steps/,
      ],
      [
        'pixel',
        ['augment_paper.json', 'augment_paper.safetensors'],
        (path) =>
          editTensor(`${path}/augment_paper.safetensors`, 'out/hue/3', (pixels) => (pixels[9]! += 1e-4)),
        /hue\/3 a32 float32/,
      ],
      [
        'crop distribution',
        ['augment_paper.json', 'augment_paper.safetensors'],
        (path) =>
          editJson(`${path}/augment_paper.json`, ({ crop_statistics: [first] }) => {
            first.area = first.area.map((area: number) => area * 1.06)
          }),
        /crops of 32 x 32 .* area percentile 50/,
      ],
      [
        'name',
        ['names_lightly_resnet18.json'],
        (path) =>
          editJson(`${path}/names_lightly_resnet18.json`, ({ variables }) => {
            variables[3].role = 'bn1.moving_mean'
          }),
        /variables of lightly/,
      ],
    ]
    for (const [what, files, edit, expected] of cases) {
      it(what, async () => {
        const path = copyOf(...files)
        await edit(path)
        const failed = failures(await verifyFolder(path))
        expect(failed).to.have.length.within(1, 9)
        expect(failed.join('\n')).to.match(expected)
      })
    }

    it('feature, statistic, gradient and head output', async function () {
      this.timeout(300_000)
      const path = copyOf('resnet_paper_r18_cifar.json', 'resnet_paper_r18_cifar.safetensors')
      const file = `${path}/resnet_paper_r18_cifar.safetensors`
      await editTensor(file, 'features_eval', (values) => (values[3]! *= 1.01))
      await editTensor(file, 'head2_train', (values) => (values[3]! *= 1.1))
      await editTensor(file, 'after/group3.block0.bn1.moving_variance', (values) => (values[0]! *= 1.01))
      editJson(`${path}/resnet_paper_r18_cifar.json`, (json) => {
        json.grads['group2.block0.conv1.kernel'].dot += 0.01 * json.grads['group2.block0.conv1.kernel'].l2
        json.train_group_outputs.group2.dot *= -1
        json.head3_loss += 0.01
      })
      const failed = failures(await verifyFolder(path)).map((text) => text.split('.json ')[1])
      const found = [
        'features_eval',
        'head2_train',
        'after group3.block0.bn1.moving_variance',
        'train group2',
        'head3_loss',
      ].flatMap((quantity) => [`${quantity} fp32`, `${quantity} fp64`])
      const gradient = 'grad group2.block0.conv1.kernel'
      expect(failed).to.have.members([...found, `${gradient} fp64`, `${gradient} fp32, sums in fp64`])
    })
  })

  it('uses the tolerances a file brings', async () => {
    const path = copyOf('ntxent_paper.json', 'ntxent_paper.safetensors')
    editJson(`${path}/ntxent_paper.json`, (json) => {
      json.cases[2].loss *= 1.0001
      json.tolerances = { loss: 1e-3 }
    })
    expect(failures(await verifyFolder(path))).to.deep.equal([])
  })

  it('accepts other sizes and settings in the same formats', async () => {
    const path = folder('other')
    mkdirSync(path)
    const dim = 7
    const cases = []
    const tensors = []
    for (const [images, temperature, normalize] of [
      [5, 0.07, true],
      [33, 0.3, true],
      [9, 0.8, false],
    ] as const) {
      const id = `B${images}`
      const z = Float64Array.from(Float32Array.from(randomRows(2 * images * dim, images)))
      const naive = naiveNtXent(z, { dim, temperature, normalize })
      tensors.push(tensorFrom(`hidden_${id}`, [2 * images, dim], Float32Array.from(z)))
      tensors.push(tensorFrom(`grad_${id}`, [2 * images, dim], Float32Array.from(naive.gradient)))
      cases.push({
        id,
        hidden: `hidden_${id}`,
        grad: `grad_${id}`,
        temperature,
        hidden_norm: normalize,
        loss: naive.loss,
        contrast_acc: naive.accuracy,
        contrast_entropy: naive.entropy,
      })
    }
    await writeSafetensors(`${path}/mine.safetensors`, tensors)
    writeFileSync(`${path}/ntxent_mine.json`, JSON.stringify({ tensors: 'mine.safetensors', cases }))
    const quantities = await verifyFolder(path)
    expect(failures(quantities)).to.deep.equal([])
    expect(quantities).to.have.length(3 * 4 * 2)
  })

  describe('counts as a failure', () => {
    it('a folder that is not there', async () => {
      const error = await verifyFolder(folder('nowhere')).catch((reason) => reason)
      expect(error).to.have.property('code', 'ERR_SIMCLR_IO')
    })

    it('an empty folder', async () => {
      mkdirSync(folder('empty'))
      expect(failures(await verifyFolder(folder('empty')))).to.deep.equal(['. files'])
    })

    it('a file of unknown kind', async () => {
      const path = copyOf('lr_paper.json')
      writeFileSync(`${path}/mixup_paper.json`, '{}')
      writeFileSync(`${path}/notes.txt`, '')
      writeFileSync(`${path}/README.md`, '')
      expect(failures(await verifyFolder(path))).to.deep.equal(['mixup_paper.json kind', 'notes.txt kind'])
    })

    it('missing arrays, arrays without their file, a missing array', async () => {
      const path = copyOf('ntxent_paper.json', 'lars_torch.safetensors')
      expect(failures(await verifyFolder(path))).to.deep.equal([
        'ntxent_paper.json whole file',
        'lars_torch.safetensors owner',
      ])
      const other = copyOf('ntxent_paper.json', 'ntxent_paper.safetensors')
      editJson(`${other}/ntxent_paper.json`, ({ cases }) => (cases[0].grad = 'none'))
      expect(failures(await verifyFolder(other))).to.deep.equal(['ntxent_paper.json whole file'])
    })

    it('a file without quantities, or that is not JSON', async () => {
      const path = folder('hollow')
      mkdirSync(path)
      writeFileSync(`${path}/lr_none.json`, '{"schedules": []}')
      writeFileSync(`${path}/ntxent_none.json`, '{"cases": []}')
      writeFileSync(`${path}/ntxent_broken.json`, '{"cases"')
      writeFileSync(`${path}/resnet_paper_none.json`, '{}')
      expect(failures(await verifyFolder(path))).to.deep.equal([
        'lr_none.json whole file',
        'ntxent_broken.json whole file',
        'ntxent_none.json whole file',
        'resnet_paper_none.json whole file',
      ])
      rmSync(path, { recursive: true })
    })
  })
})
