import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { findPip } from '../../../lib/addon/libtorch/pip.ts'
import { pythonModule } from '../../../lib/addon/libtorch/python.ts'
import { libtorchCandidates } from '../../../lib/addon/libtorch/resolve.ts'
import { withEnvironment } from '../../support/environment.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { fakeLibtorch } from '../../support/libtorch.ts'

describe('python3, asked in a folder with a torch and a pip', () => {
  const folder = temporaryFolder()
  const home = process.cwd()
  const marked = () => fs.existsSync(folder('marked'))

  before(() => {
    fakeLibtorch(folder('here', 'torch'), '2.13.0+cpu')
    fs.writeFileSync(folder('here', 'torch', '__init__.py'), '')
    for (const file of ['pip/__init__.py', 'pip/__main__.py', 'runpy.py', 'importlib.py', 'os.py']) {
      fs.mkdirSync(path.dirname(folder('here', file)), { recursive: true })
      fs.writeFileSync(folder('here', file), `open('${folder('marked')}', 'w').close()\n`)
    }
    process.chdir(folder('here'))
  })
  after(() => process.chdir(home))

  // An empty part of PYTHONPATH is the current folder as well.
  for (const PYTHONPATH of [undefined, '/usr/lib:']) {
    it(`takes neither${PYTHONPATH ? ` with PYTHONPATH=${PYTHONPATH}` : ''}`, () => {
      using _env = withEnvironment({
        PYTHONPATH,
        SIMCLR_LIBTORCH: undefined,
        XDG_CACHE_HOME: folder('cache'),
      })
      const request = { version: '2.13.0', variant: 'cpu', purpose: 'run' } as const
      const places = [...libtorchCandidates(request)].map((candidate) => candidate.path)
      expect(places).to.not.include(folder('here', 'torch'))
      findPip()
      expect(marked()).to.equal(false)
    })
  }

  it('takes the packages that it has', () => {
    const [command = '', ...args] = pythonModule('json.tool')
    const { stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', input: '[1]' })
    expect(JSON.parse(stdout), stderr).to.deep.equal([1])
  })
})
