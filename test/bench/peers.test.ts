import { execFileSync } from 'node:child_process'
import { expect } from 'chai'
import { peerScript } from '../../bench/measure/peer.ts'
import { memoryFormats } from '../../bench/measure/setting.ts'
import { needTorchvision } from '../support/python.ts'

describe('the peers in PyTorch', function () {
  this.timeout(600_000)
  let python = ''
  before(function () {
    python = needTorchvision(this)
  })

  it('train torchvision’s networks', () => {
    const said = execFileSync(python, [peerScript('../../test/interop/peer_resnet.py')], {
      encoding: 'utf8',
    })
    expect(JSON.parse(said)).to.deep.equal({ resnet18: 0, resnet50: 0 })
  })

  /** Where nothing but torch can be imported of what peers are made of. */
  const alone =
    'import runpy, sys; sys.modules.update(dict.fromkeys(["torchvision", "lightly", "kornia", "PIL"])); ' +
    'script = sys.argv.pop(1); sys.path.insert(0, script.rpartition("/")[0]); runpy.run_path(script, run_name="__main__")'

  const step = '--arch resnet18 --stem cifar --size 8 --batch 4 --precision fp32 --threads 1'
  for (const [script, flags] of [
    ...memoryFormats.map((format) => ['step.py', `${step} --memory-format ${format}`]),
    ['nt_xent.py', '--rows 16 --threads 1'],
    ['lars_loop.py', ''],
  ] as const) {
    it(`measure as often as they are asked to, with torch alone: ${script} ${flags}`, () => {
      const args = ['-c', alone, peerScript(script!), ...flags!.split(' ').filter(Boolean)]
      const said = execFileSync(python, args, { encoding: 'utf8', input: '1\n2\n' })
      const rates = said.trim().split('\n').map(Number)
      expect(rates).to.have.length(2)
      for (const rate of rates) expect(rate).to.be.above(0)
    })
  }
})
