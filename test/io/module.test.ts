import fs from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { inheritedFlags } from '../../lib/io/module.ts'
import { temporaryFolder } from '../support/folder.ts'
import { installSimclr, linkLibtorch } from '../support/installed.ts'

describe('the flags of Node that a process of the package has', function () {
  this.timeout(120_000)
  const folder = temporaryFolder()

  it('are the app’s, without its code, its debugger and its watch', () => {
    const kept = ['--import', 'tsx', '--max-old-space-size=300', '-r', './first.cjs', '--no-warnings']
    expect(inheritedFlags(kept)).to.deep.equal(kept)
    for (const own of [
      ...[
        ['-e', 'code()'],
        ['--eval', 'code()'],
        ['--eval=code()'],
        ['-p', 'code()'],
        ['-p', '-e', 'code()'],
      ],
      ...[['-pe', 'code()'], ['--print=code()'], ['--input-type=module'], ['--input-type', 'module'], ['-i']],
      ...[['--inspect'], ['--inspect-brk=0'], ['--inspect-port', '9230'], ['--inspect-wait=127.0.0.1:9229']],
      ...[['--watch'], ['--watch-path=lib'], ['--test'], ['--test-name-pattern=a'], ['--check']],
    ])
      expect(inheritedFlags(['--no-warnings', ...own, '--trace-uncaught']), own.join(' ')).to.deep.equal([
        '--no-warnings',
        '--trace-uncaught',
      ])
  })

  it('reach the process that trains', () => {
    const app = installSimclr(folder('app'))
    app.addBinary('cpu')
    linkLibtorch(path.join(app.folder, 'cache'))
    const log = folder('flags.jsonl')
    const line = `JSON.stringify(process.execArgv) + '\\n'`
    fs.writeFileSync(folder('told.cjs'), `require('node:fs').appendFileSync('${log}', ${line})`)
    const flags = ['--max-old-space-size=300', '--require', folder('told.cjs')]
    const program = `
      const { train } = await import('simclr')
      const tiny = { preset: 'torch', encoder: { width: 0.25, stem: 'cifar' }, batchSize: 4, steps: 1 }
      await train({ ...tiny, data: 'synthetic:scenes,count=8,size=16', isolate: true, report: false, out: 'run' })`
    const { code, stderr } = app.node([...flags, '--input-type=module', '-e', program])
    expect(code, stderr).to.equal(0)
    const [, child] = fs.readFileSync(log, 'utf8').trim().split('\n')
    expect(JSON.parse(child!)).to.deep.equal(flags)
  })
})
