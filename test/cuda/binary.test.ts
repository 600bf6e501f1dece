import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { simclr } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'

/** The addon that `npm run build -- --variant cu130` makes; it needs gigabytes, so most machines have none. */
const built = existsSync(fileURLToPath(new URL('../../build-cu130/Release/simclr.node', import.meta.url)))

describe('the CUDA addon (skipped where build-cu130 is not built)', function () {
  this.timeout(120_000)
  const folder = temporaryFolder()
  const train = (device: string) => {
    const options = [
      '--arch',
      'resnet18',
      '--width',
      '0.125',
      '--limit',
      '8',
      '--batch-size',
      '4',
      '--epochs',
      '1',
    ]
    const args = ['train', '--device', device, '--out', folder(device), '--json', ...options]
    return simclr(args, { SIMCLR_VARIANT: 'cu130', SIMCLR_LIBTORCH: undefined, CUDA_VISIBLE_DEVICES: '' })
  }
  before(function () {
    if (!built) this.skip()
  })

  it("without a GPU, 'cuda' is refused with the reason and nothing is begun", async () => {
    const { code, stderr } = await train('cuda')
    expect(code).to.equal(1)
    expect(stderr).to.match(
      /Expected a device of this machine for `device`.* (No NVIDIA driver is loaded|shows no GPU)/,
    )
    expect(existsSync(folder('cuda'))).to.equal(false)
  })

  it("without a GPU, 'auto' trains on the CPU and says why", async () => {
    const { code, stdout, stderr } = await train('auto')
    expect(code, stderr).to.equal(0)
    expect(stdout + stderr).to.match(
      /auto: no GPU\. (No NVIDIA driver is loaded|The NVIDIA driver .* shows no GPU)/,
    )
  })
})
