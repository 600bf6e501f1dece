import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import { hashOf } from '../../scripts/bootstrap/stamp.mjs'
import { findPython } from '../../scripts/gpu/python.mjs'
import { Results } from '../../scripts/gpu/results.mjs'
import { runStep } from '../../scripts/gpu/run-step.mjs'
import { temporaryFolder } from '../support/folder.ts'

const node = (...args: string[]) => [process.execPath, ...args]
const run = (step: object, seconds = 60) => runStep(step, { env: process.env, seconds })

describe('a step of the GPU script', function () {
  this.timeout(60_000)
  const folder = temporaryFolder()

  it('passes with its figures, without lines about the way, and its output is kept', async () => {
    const lines = [
      { type: 'step', loss: 3 },
      { type: 'epoch', loss: 2 },
      { name: 'a', rate: 1 },
    ]
    const program = `for (const line of ${JSON.stringify(lines)}) console.log(JSON.stringify(line)); console.log('  {"indented":true}\\n{no json'); console.error('said')`
    const { result, log } = await run({ command: node('-e', program) })
    expect(result).to.include({ state: 'passed' })
    expect(result.figures).to.deep.equal([...lines.slice(1), { indented: true }])
    expect(log).to.include('"step"').and.to.include('said')
  })

  it('keeps the last of many figures', async () => {
    const program = 'for (let i = 0; i < 1000; i++) console.log(JSON.stringify({ i }))'
    const { result } = await run({ command: node('-e', program) })
    expect(result.figures).to.have.length(24)
    expect(result.figures!.at(-1)).to.deep.equal({ i: 999 })
  })

  it('fails with its exit code, and is skipped where it says that it cannot run here', async () => {
    const command = node('-e', "console.error('Error: Device not supported'); process.exit(3)")
    expect((await run({ command })).result).to.include({ state: 'failed', why: 'exit code 3' })
    const { result } = await run({ command, unable: /Device not supported/ })
    expect(result).to.include({ state: 'skipped', why: 'Error: Device not supported' })
  })

  it('fails where its figure is lower than it must be, or missing', async () => {
    const program = 'console.log(\'{"accuracy":0.9}\\n{"accuracy":0.4}\\n{"seconds":1}\')'
    const reach = async (figure: string, value: number) =>
      (await run({ command: node('-e', program), least: { figure, value } })).result
    expect(await reach('accuracy', 0.4)).to.include({ state: 'passed' })
    const low = await reach('accuracy', 0.5)
    expect(low).to.include({ state: 'failed', why: 'accuracy 0.4, at least 0.5 was expected' })
    expect(low.figures).to.have.length(3)
    expect((await reach('loss', 0.5)).why).to.equal('loss is not told, at least 0.5 was expected')
  })

  it('fails where its command is not there', async () => {
    expect((await run({ command: [folder('nothing')] })).result).to.include({ state: 'failed' })
  })

  it('fails where no test ran, and counts those that did', async () => {
    const file = folder('some.test.mjs')
    writeFileSync(file, "it('one', () => {}); it('two', () => {})")
    const mocha = (...args: string[]) => node('node_modules/mocha/bin/mocha.js', '--no-config', file, ...args)
    expect((await run({ command: mocha(), tests: true })).result).to.include({ state: 'passed', tests: 2 })
    const none = await run({ command: mocha('--grep', 'three'), tests: true })
    expect(none.result).to.include({ state: 'failed', why: 'no test ran' })
  })

  it('is ended with all that it has started when its time is over', async () => {
    const started = folder('pid')
    const program = `
      const { pid } = require('node:child_process').spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'inherit' })
      require('node:fs').writeFileSync(${JSON.stringify(started)}, String(pid))
      setInterval(() => {}, 1000)`
    const { result } = await run({ command: node('-e', program) }, 5)
    expect(result).to.include({ state: 'failed', why: 'took too long and was ended' })
    expect(isRunning(Number(readFileSync(started, 'utf8')))).to.equal(false)
  })
})

/** A zombie has ended; nobody has asked for its exit code yet. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

describe('the GPU script', function () {
  this.timeout(60_000)
  const folder = temporaryFolder()
  const script = (args: string[], nvidiaSmi: string) => {
    writeFileSync(folder('nvidia-smi'), `#!/bin/sh\n${nvidiaSmi}\n`, { mode: 0o755 })
    const env = { ...process.env, PATH: `${folder()}:${process.env.PATH}`, SIMCLR_LIBTORCH: '' }
    return spawnSync(process.execPath, ['scripts/gpu.mjs', ...args], { env, encoding: 'utf8' })
  }

  it('fails without a GPU and says why', () => {
    const { status, stderr } = script(['test'], 'echo No devices were found; exit 6')
    expect(status).to.equal(1)
    expect(stderr).to.include('No NVIDIA GPU here (nvidia-smi says: No devices were found)')
  })

  it('fails without a LibTorch and without an addon', () => {
    const { status, stderr } = script(['bench'], "echo 'NVIDIA H200, 9.0, 580.1'")
    expect(status).to.equal(1)
    expect(stderr).to.include('GPU: NVIDIA H200, compute capability 9.0, driver 580.1')
    expect(stderr).to.include('Name a LibTorch for CUDA')
  })
})

describe('the results of the GPU script', () => {
  const folder = temporaryFolder()

  it('are kept under the same key, whatever was built meanwhile, and forgotten under another', () => {
    const file = folder('results.json')
    const first = new Results(file, { build: { torch: '2.11.0' } }, { a: 'one', b: 'two' })
    first.add('a', { state: 'passed' }, 'what a said')
    first.add('b', { state: 'passed' })
    const second = new Results(
      file,
      { build: { torch: '2.11.0', compiler: 'another' } },
      { a: 'one', b: 'new' },
    )
    expect([second.passed('a'), second.stateOf('b')]).to.deep.equal([true, undefined])
    second.add('b', { state: 'failed' })
    expect(Object.keys(JSON.parse(readFileSync(file, 'utf8')).steps)).to.deep.equal(['a', 'b'])
    expect(readFileSync(folder('results.log'), 'utf8')).to.include('what a said')
  })

  it('let a step run again whose product is gone, for a step that needs it', () => {
    const results = new Results(folder('steps.json'), {}, { train: '1', evaluate: '1' })
    const [train, evaluate] = [
      { name: 'train', makes: 'no/such/file' },
      { name: 'evaluate', needs: ['train'] },
    ]
    const done = () => results.isDone(train, [train, evaluate])
    expect(done()).to.equal(false)
    results.add('train', { state: 'passed' })
    expect(done()).to.equal(false)
    expect(results.isDone({ ...train, makes: 'package.json' }, [train, evaluate])).to.equal(true)
    expect(results.isThere(train)).to.equal(false)
    expect(results.isThere({ ...train, makes: 'package.json' })).to.equal(true)
    expect(results.isThere({ name: 'train', makes: undefined })).to.equal(true)
    results.add('evaluate', { state: 'passed' })
    expect(done()).to.equal(true)
  })

  it('have keys that change with a source and with nothing else', () => {
    const key = hashOf(['scripts/gpu'], ['NVIDIA H200'])
    expect(hashOf(['scripts/gpu'], ['NVIDIA H200'])).to.equal(key)
    expect(hashOf(['scripts/gpu'], ['NVIDIA H100'])).not.to.equal(key)
    expect(hashOf(['scripts/gpu', 'scripts/gpu.mjs'], ['NVIDIA H200'])).not.to.equal(key)
  })
})

describe('the Python that the peers run on', () => {
  const folder = temporaryFolder()
  /** A venv whose python3 says that its torch is the folder beside it. */
  const venv = (says: string) => {
    const torch = folder('lib/python3/site-packages/torch')
    mkdirSync(torch, { recursive: true })
    mkdirSync(folder('bin'), { recursive: true })
    writeFileSync(folder('bin/python3'), `#!/bin/sh\n${says}\n`, { mode: 0o755 })
    return torch
  }

  it("is the one that has this LibTorch for its torch, or the reason why there's none", () => {
    const torch = venv(`echo ${folder('lib/python3/site-packages/torch')}`)
    expect(findPython(torch, undefined)).to.deep.equal({ python: folder('bin/python3') })
    venv("echo 'ModuleNotFoundError: torchvision' >&2; exit 1")
    expect(findPython(torch, undefined).reason).to.include(`${folder('bin/python3')}: ModuleNotFoundError`)
    expect(findPython(undefined, undefined).reason).to.include('no LibTorch is named')
  })

  it('is the one that is named, if it has a torch', () => {
    venv(`echo ${folder()}`)
    expect(findPython(undefined, folder('bin/python3'))).to.deep.equal({ python: folder('bin/python3') })
    expect(findPython(undefined, folder('none')).reason).to.equal(`${folder('none')}: ENOENT`)
  })
})
