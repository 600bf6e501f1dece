import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { glibcVersion, libstdcxxVersion } from '../../lib/addon/system.ts'

describe('the C and C++ libraries', () => {
  it('are those of this process', () => {
    expect(glibcVersion()).to.match(/^2\.\d+$/)
    const maps = readFileSync('/proc/self/maps', 'utf8')
    const library = /\/\S*\/libstdc\+\+\.so\.6\S*/.exec(maps)?.[0]
    if (library === undefined) expect(libstdcxxVersion()).to.equal(null)
    else expect(readFileSync(library, 'latin1')).to.contain(`GLIBCXX_${libstdcxxVersion()}`)
  })

  it('are read from one report, which leaves the network out, and the setting is as it was', () => {
    const module = JSON.stringify(new URL('../../lib/addon/system.ts', import.meta.url).href)
    const code = `
      const { report } = process
      const settings = []
      const { getReport } = report
      report.getReport = (...args) => (settings.push(report.excludeNetwork), getReport.apply(report, args))
      const { glibcVersion, libstdcxxVersion } = await import(${module})
      glibcVersion(), libstdcxxVersion(), glibcVersion()
      console.log(JSON.stringify({ settings, after: report.excludeNetwork }))`
    const args = ['--import', 'tsx', '--input-type=module', '-e', code]
    const { settings, after } = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' }))
    expect({ settings, after }).to.deep.equal({ settings: [true], after: false })
  })
})
