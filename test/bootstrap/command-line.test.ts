import { spawnSync } from 'node:child_process'
import { expect } from 'chai'
import { packageRoot } from '../../lib/addon/binary.ts'
import { given, Misuse, numberOf, wordOf } from '../../scripts/command-line.mjs'

/** What a script says of a command line. */
function run(script: string, ...args: string[]) {
  const command = [...(script.endsWith('.ts') ? ['--import', 'tsx'] : []), script, ...args]
  const { status, stdout, stderr } = spawnSync(process.execPath, command, {
    cwd: packageRoot,
    encoding: 'utf8',
  })
  return { status, stdout, stderr }
}

const scripts = [
  ...['bench/main.ts', 'bench/accuracy.ts', 'bench/memory.ts', 'bench/hue.ts', 'bench/gpu/step.ts'],
  ...['experiments/views/main.ts', 'experiments/labels/main.ts', 'experiments/scaling/main.ts'],
  ...['experiments/study/main.ts', 'experiments/study/page.ts'],
  ...['scripts/exactness.ts', 'scripts/mutants.ts', 'scripts/gpu.mjs', 'scripts/gpu/pack.mjs'],
  'scripts/prebuild.mjs',
]
describe('scripts answer a wrong command line in one line, with exit code 2', () => {
  for (const script of scripts) {
    it(`${script}: a flag that it does not know`, () => {
      const { status, stdout, stderr } = run(script, '--nonsense')
      expect(stderr).to.match(/^Unknown option '--nonsense'\..* Known here: --\w.*\.\n$/)
      expect({ status, stdout }).to.deep.equal({ status: 2, stdout: '' })
    })
  }

  it('a value that is none', () => {
    const { status, stdout, stderr } = run('bench/main.ts', '--rounds', 'x')
    expect(stderr).to.equal("Expected a number of at least 1 for --rounds but received 'x'.\n")
    expect({ status, stdout }).to.deep.equal({ status: 2, stdout: '' })
  })

  it('a job that there is not', () => {
    const { status, stderr } = run('scripts/gpu.mjs', 'play')
    expect({ status, stderr }).to.deep.equal({
      status: 2,
      stderr: "Expected test or bench but received 'play'.\n",
    })
  })
})

describe('values of flags', () => {
  it('are numbers in range, words of a list and what must be there', () => {
    expect(numberOf('minutes', 'Infinity')).to.equal(Infinity)
    expect(numberOf('lr', '0')).to.equal(0)
    expect(wordOf('hue', 'fast', ['exact', 'fast'])).to.equal('fast')
    expect(given('data', '.', 'DIR')).to.equal('.')
  })

  for (const [said, read] of Object.entries({
    "Expected a number of at least 1 for --seeds but received '0'.": () => numberOf('seeds', '0', 1),
    "Expected a number of at least 0 for --lr but received ''.": () => numberOf('lr', ''),
    "Expected one of bf16, fp32 for --precision but received 'fp8'.": () =>
      wordOf('precision', 'fp8', ['bf16', 'fp32']),
    'Expected --train DIR but it is not there.': () => given('train', undefined, 'DIR'),
  })) {
    it(`are refused otherwise: ${said}`, () => {
      expect(read).to.throw(Misuse, said)
    })
  }
})
