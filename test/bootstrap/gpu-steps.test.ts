import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { packageRoot } from '../../lib/addon/binary.ts'
import { benchSteps } from '../../scripts/gpu/bench-steps.mjs'
import { testSteps } from '../../scripts/gpu/steps.mjs'
import { temporaryFolder } from '../support/folder.ts'

interface Step {
  name: string
  command: string[]
  sources?: string[]
  images?: string
  least?: { figure: string; value: number }
  needs?: string[]
  makes?: string
  skip?: string | null
  env?: Record<string, string>
}

describe('what the GPU script runs', () => {
  const folder = path.join(packageRoot, 'build-cu130/Release')
  const temporary = temporaryFolder()
  const peers = { reason: 'none here' }
  const tests: Step[] = testSteps({ folder, gpus: 1, cifar: undefined })
  const benchmarks: Step[] = benchSteps({ folder, capability: '9.0', peers, cifar: undefined })
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

  it('trains on synthetic scenes, or on CIFAR from a folder of either kind', () => {
    const folders = temporary()
    const jobs = (cifar: string): Step[] => [
      ...testSteps({ folder, gpus: 1, cifar }),
      ...benchSteps({ folder, capability: '9.0', peers, cifar }),
    ]
    const commands = (steps: Step[], name: string) =>
      steps.find((step) => step.name === name)!.command.join(' ')
    expect(commands(tests, 'evaluation')).to.match(/--data synthetic:scenes\S* --test synthetic:scenes/)
    const binary = jobs(folders)
    expect(commands(binary, 'training')).to.include('--preset cifar')
    for (const name of ['training', 'run-r18-cifar'])
      expect(commands(binary, name)).to.include(`--data cifar10:${folders},split=train`)
    expect(commands(binary, 'evaluation')).to.include(`--test cifar10:${folders},split=test`)
    for (const split of ['train', 'test']) mkdirSync(path.join(folders, split))
    const classes = jobs(folders)
    expect(commands(classes, 'fine-tuning')).to.include(`--data ${folders}/train --test ${folders}/test`)
    // An outcome on other images is another outcome.
    const images = (steps: Step[]) => new Set(steps.map((step) => step.images))
    expect([...images(tests)]).to.deep.equal([undefined, 'synthetic scenes'])
    expect([...images(classes)]).to.deep.equal([undefined, 'CIFAR'])
    expect(names(tests.filter((step) => step.images))).to.deep.equal(runs)
    expect(() => jobs(path.join(folders, 'none'))).to.throw('there is no')
  })

  it('fails where an encoder has learnt nothing', () => {
    const marked = tests.filter(({ least }) => least)
    expect(names(marked)).to.deep.equal(['evaluation', 'linear-evaluation'])
    for (const { least } of marked) expect(least).to.deep.equal({ figure: 'accuracy', value: 0.5 })
  })

  it('leaves two ranks on two GPUs out where there is one', () => {
    const of = (gpus: number): Step[] => testSteps({ folder, gpus, cifar: undefined })
    const skipped = (gpus: number) => of(gpus).find(({ name }) => name === 'nccl-two')!.skip
    expect([skipped(1), skipped(2)]).to.deep.equal(['there is one GPU here', null])
    expect(of(1).find(({ name }) => name === 'nccl')).to.not.have.property('skip')
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
