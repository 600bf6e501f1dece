import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { packageRoot } from '../../lib/addon/binary.ts'
import { temporaryFolder } from '../support/folder.ts'

/** As ptxas of CUDA 13.0 tells of one function. */
const told = (name: string, frame: number, stores = 0, loads = 0) =>
  [
    `ptxas info    : Compiling entry function '${name}' for 'sm_90'`,
    `ptxas info    : Function properties for ${name}`,
    `    ${frame} bytes stack frame, ${stores} bytes spill stores, ${loads} bytes spill loads`,
    'ptxas info    : Used 32 registers, used 1 barriers, 6144 bytes smem',
  ].join('\n')

describe('compiling kernels that must not use local memory', () => {
  const folder = temporaryFolder()

  /** Of a compiler that says `said` on its stderr. */
  function compile(said: string, { code = 0, source = 'native/cuda/nn/a.cu' } = {}) {
    const compiler = folder('nvcc')
    const lines = `echo "$@"\ncat >&2 <<'END'\n${said}\nEND\nexit ${code}`
    writeFileSync(compiler, `#!/bin/sh\n${lines}\n`, { mode: 0o755 })
    const args = [path.join(packageRoot, 'scripts/kernel-frames.mjs'), compiler, '-O3', '-c', source]
    const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    return { status, stdout: stdout.trim(), stderr }
  }

  it('passes those that keep all in registers, and says nothing of them', () => {
    const { status, stdout, stderr } = compile(`a warning\n${told('a', 0)}\n${told('b', 0)}`)
    expect({ status, stdout }).to.deep.equal({ status: 0, stdout: '-O3 -c native/cuda/nn/a.cu -Xptxas -v' })
    expect(stderr).to.equal('a warning\n')
  })

  it('refuses a stack frame and spills, and names the functions', () => {
    const { status, stderr } = compile([told('a', 0), told('b', 144), told('c', 0, 8, 16)].join('\n'))
    expect(status).to.equal(1)
    expect(stderr).to.equal(
      [
        'Expected kernels without local memory in native/cuda/nn/a.cu but found',
        '  b: a stack frame of 144 bytes, 0 bytes of spills',
        '  c: a stack frame of 0 bytes, 16 bytes of spills',
        '',
      ].join('\n'),
    )
  })

  it('refuses to have heard nothing, and fails as the compiler does', () => {
    expect(compile('')).to.deep.include({ status: 1 })
    expect(compile('').stderr).to.match(/ptxas told nothing of native\/cuda\/nn\/a\.cu/)
    const { status, stderr } = compile('an error', { code: 2 })
    expect({ status, stderr }).to.deep.equal({ status: 2, stderr: 'an error\n' })
  })

  it('leaves other programs alone, as CMake tries a compiler', () => {
    const { status, stdout } = compile('', { source: 'CMakeFiles/try/main.cu' })
    expect({ status, stdout }).to.deep.equal({ status: 0, stdout: '-O3 -c CMakeFiles/try/main.cu' })
  })
})
