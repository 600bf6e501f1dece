import { readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { expect } from 'chai'

import { verifyFolder } from '../../lib/verify/verify.ts'

const folder = fileURLToPath(new URL('../golden/', import.meta.url))

/** Quantities that each golden file of the repository yields. */
const quantities: Record<string, number> = {
  'augment_paper.json': 146,
  'augment_torch.json': 118,
  'lars_paper.json': 288,
  'lars_torch.json': 120,
  'lr_paper.json': 27,
  'names_lightly_resnet18.json': 2,
  'ntxent_paper.json': 142,
  'ntxent_torch.json': 72,
  'resnet_paper_r18_cifar.json': 401,
  'resnet_paper_r18_imagenet_odd.json': 401,
  'resnet_paper_r50sk_imagenet_odd.json': 1105,
  'resnet_torch_tv18_cifar_32.json': 330,
  'resnet_torch_tv18_imagenet_odd.json': 330,
  'trainsteps_paper.json': 344,
}

describe('golden numbers', () => {
  it('are all listed here', () => {
    expect(readdirSync(folder).filter((name) => name.endsWith('.json'))).to.have.members(
      Object.keys(quantities),
    )
  })

  for (const [file, count] of Object.entries(quantities)) {
    it(`${file}: ${count} quantities within their tolerances`, async function () {
      this.timeout(300_000)
      const name = file.replace('.json', '.')
      const results = await verifyFolder(folder, { only: name })
      expect(results.filter(({ pass }) => !pass)).to.deep.equal([])
      expect(results).to.have.length(count)
    })
  }
})
