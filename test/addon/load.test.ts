import { expect } from 'chai'
import { loadAddon, loadAddonDetails } from '../../lib/addon/load.ts'

describe('loadAddon', () => {
  it('loads the addon once, on the LibTorch minor that it was built for', () => {
    const { addon, binary } = loadAddonDetails()
    expect(addon.buildInfo().torch).to.equal(binary.torch)
    expect(loadAddon()).to.equal(addon)
  })
})
