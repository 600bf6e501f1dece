import { expect } from 'chai'
import { loadAddon } from '../../lib/addon/load.ts'
import { getDevices, versions } from '../../lib/index.ts'

describe('machine', () => {
  it('lists the CPU first, with its memory', () => {
    const [cpu] = getDevices()
    expect(cpu).to.include({ name: 'cpu', type: 'cpu' })
    expect(cpu!.memory).to.be.greaterThan(2 ** 28)
  })

  it('tells the versions of what computes', () => {
    const { simclr, node, libtorch, libtorchPath, cuda } = versions()
    expect(simclr).to.match(/^\d+\.\d+\.\d+/)
    expect(node).to.equal(process.versions.node)
    expect(libtorch).to.match(/^2\.\d+\.\d+/)
    expect(libtorchPath).to.be.a('string')
    expect(cuda).to.equal(null)
  })

  it('measures once a process how fast bf16 is beside fp32', () => {
    const { bf16Speed } = loadAddon()
    const speed = bf16Speed()
    expect(speed).to.be.greaterThan(0).and.below(Infinity)
    expect(bf16Speed()).to.equal(speed)
  })
})
