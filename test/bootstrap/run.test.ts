import { expect } from 'chai'
import { findCompiler } from '../../scripts/bootstrap/cuda.mjs'
import { run } from '../../scripts/bootstrap/run.mjs'
import { withEnvironment } from '../support/environment.ts'
import { temporaryFolder } from '../support/folder.ts'

describe('a tool that the bootstrap runs', () => {
  const folder = temporaryFolder()

  it('ends with its exit code, or 128 and the signal that ended it', () => {
    const code = (statement: string) => run(process.execPath, ['-e', statement])
    expect(code('process.exit(3)')).to.equal(3)
    const signals = { SIGHUP: 129, SIGINT: 130, SIGKILL: 137, SIGTERM: 143 }
    for (const [signal, expected] of Object.entries(signals))
      expect(code(`process.kill(process.pid, '${signal}')`), signal).to.equal(expected)
  })

  it('is the compiler that CUDACXX names, or an error that says so', () => {
    {
      using _env = withEnvironment({ CUDACXX: folder('nvcc') })
      expect(() => findCompiler()).to.throw(`CUDACXX to name a CUDA compiler but ${folder('nvcc')} --version`)
    }
    using _env = withEnvironment({ CUDACXX: process.execPath })
    expect(findCompiler()).to.equal(process.execPath)
  })
})
