import { execFileSync } from 'node:child_process'
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

  it("keeps LibTorch's threads for whoever computes next, whatever computed before", () => {
    const load = JSON.stringify(new URL('../../dist/addon/load.js', import.meta.url).href)
    const inWorker = `
      import { parentPort } from 'node:worker_threads'
      import { loadAddon } from ${load}
      parentPort.postMessage(loadAddon().ownThreads())`
    const code = `
      import { Worker } from 'node:worker_threads'
      import { loadAddon } from ${load}
      const { ownThreads, bf16Speed, ntXent } = loadAddon()
      const threads = [ownThreads()]
      bf16Speed() // on one thread
      threads.push(ownThreads())
      ntXent(new Float32Array(8 * 4).fill(1), { dim: 4, temperature: 1, scale: 1, normalize: true, replicas: 2 })
      threads.push(ownThreads())
      const worker = new Worker(new URL(${JSON.stringify(`data:text/javascript,${encodeURIComponent(inWorker)}`)}))
      worker.once('message', (late) => console.log(JSON.stringify([...threads, late])))`
    const printed = execFileSync(process.execPath, ['--input-type=module', '-e', code], { encoding: 'utf8' })
    const [usual, ...later]: number[] = JSON.parse(printed)
    expect(later).to.deep.equal([usual, usual, usual])
  })
})
