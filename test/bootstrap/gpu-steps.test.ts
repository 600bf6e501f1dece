import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { packageRoot } from '../../lib/addon/binary.ts'
import { benchSteps } from '../../scripts/gpu/bench-steps.mjs'
import { testSteps } from '../../scripts/gpu/steps.mjs'

interface Step {
  name: string
  command: string[]
  sources?: string[]
  needs?: string[]
  makes?: string
  skip?: string | null
  env?: Record<string, string>
}

describe('what the GPU script runs', () => {
  const folder = path.join(packageRoot, 'build-cu130/Release')
  const tests: Step[] = testSteps({ folder })
  const benchmarks: Step[] = benchSteps({ folder, capability: '9.0', peers: { reason: 'none here' } })
  const names = (steps: Step[]) => steps.map(({ name }) => name)
  const runs = ['training', 'evaluation', 'linear-evaluation', 'fine-tuning', 'distilling']

  it('has a name of its own for every step of both jobs, which share a file of results', () => {
    const all = [...names(tests), ...names(benchmarks)]
    expect(new Set(all).size).to.equal(all.length)
  })

  it('begins with the correctness of kernels and ends with what takes longest to say least', () => {
    expect(names(tests).slice(0, 3)).to.deep.equal(['kernels', 'operations', 'golden'])
    expect(names(tests).slice(-2)).to.deep.equal(['sanitizer-memcheck', 'sanitizer-racecheck'])
    expect(names(benchmarks).slice(0, 2)).to.deep.equal(['bench-kernels-build', 'bench-kernels'])
  })

  it('names files that are there, and needs what an earlier step makes', () => {
    const made = new Set<string>()
    for (const { name, command, sources = [], needs = [], makes } of [...tests, ...benchmarks]) {
      const files = command.filter((argument) => /^(test|bench|native|lib)\//.test(argument))
      for (const file of [...files, ...sources])
        expect(existsSync(path.join(packageRoot, file)), `${name}: ${file}`).to.equal(true)
      for (const other of needs) expect(made.has(other), `${name} needs ${other}`).to.equal(true)
      if (makes) made.add(name)
    }
  })

  it('times cuDNN’s algorithms in what trains or measures, and in nothing else', () => {
    const timed = (steps: Step[]) => names(steps.filter(({ env }) => env?.SIMCLR_CUDNN_TIMING !== 'off'))
    expect(timed(tests)).to.deep.equal(runs)
    expect(timed(benchmarks)).to.deep.equal(names(benchmarks))
  })

  it('fails where a training run cannot be recorded as a CUDA graph', () => {
    const { command } = tests.find(({ name }) => name === 'training')!
    expect(command.join(' ')).to.include('--cuda-graph true')
  })

  it('leaves the peers out, with the reason, where no Python has this LibTorch', () => {
    const peers = benchmarks.filter(({ name }) => name.startsWith('peer-'))
    expect(peers).to.have.length(7)
    for (const { skip } of peers) expect(skip).to.equal('none here')
  })

  it('is known to the command line, which fails without a GPU, or without the run before', function () {
    this.timeout(240_000)
    const ours = tests.filter(({ command }) => command.includes('lib/cli/main.ts'))
    expect(names(ours)).to.deep.equal(['golden', ...runs])
    for (const { name, command } of ours) {
      const [program, ...args] = name === 'golden' ? [...command, '--only', 'ntxent'] : command
      const { status, stderr } = spawnSync(program!, args, { cwd: packageRoot, encoding: 'utf8' })
      expect(status, `${name}: ${stderr}`).to.equal(1)
      if (name !== 'golden') expect(stderr, name).to.match(/ERR_SIMCLR_(DEVICE|IO)/)
    }
  })
})
