import { mkdirSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import { open } from '../../lib/data/open.ts'
import { pack } from '../../lib/data/pack.ts'
import { writeReport } from '../../lib/report/report.ts'
import { train } from '../../lib/train.ts'
import { temporaryFolder } from '../support/folder.ts'
import { rejection } from '../support/rejection.ts'
import { tiny, trained } from '../support/tiny.ts'

describe('a run whose files were named by relative paths', function () {
  this.timeout(120_000)
  const path = temporaryFolder()
  const before = process.cwd()
  const chdir = (name: string) => {
    mkdirSync(path(name), { recursive: true })
    process.chdir(path(name))
  }
  afterEach(() => process.chdir(before))

  it('goes on, and has its report, from another working folder', async () => {
    chdir('project')
    await pack(await open(tiny.data), 'set.pack')
    await pack(await open('synthetic:scenes,count=200,size=16,split=test'), 'held.pack')
    await trained({ ...tiny, epochs: 1, out: 'first' })
    const options = {
      ...{ ...tiny, encoder: undefined, data: 'pack:set.pack', validation: { data: 'held.pack' } },
      init: 'first',
    }
    const controller = new AbortController()
    const onProgress = ({ type }: { type: string }) => {
      if (type === 'epoch') controller.abort(new Error('enough'))
    }
    const going = train({ ...options, out: 'run', signal: controller.signal, onProgress })
    expect((await rejection(going)).message).to.equal('enough')

    chdir('elsewhere')
    const out = path('project/run')
    const { history, config } = await trained({ out, report: true })
    expect(history.map(({ validation }) => validation !== null)).to.deep.equal([true, true])
    const files = {
      data: `pack:${path('project/set.pack')}`,
      init: path('project/first'),
    }
    expect(config).to.include(files)
    expect(config.validation.data).to.equal(path('project/held.pack'))
    expect(JSON.parse(readFileSync(`${out}/config.json`, 'utf8')).options).to.include(files)
    expect(readFileSync(await writeReport(out), 'utf8')).to.contain('<h2>Views</h2>')

    chdir('project')
    await trained({ out: 'run', init: 'first', epochs: 3 }) // the same, however it is written
  })
})
