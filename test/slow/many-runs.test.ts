import { expect } from 'chai'
import { runProgram } from '../leave/support.ts'
import { temporaryFolder } from '../support/folder.ts'

describe('many runs in one process', function () {
  this.timeout(600_000)
  const path = temporaryFolder()

  it('twenty of them hold no more memory than five', async () => {
    const program = `
      const { rmSync } = await import('node:fs')
      for (let i = 0; i < 20; i++) {
        const run = await train({ ...tiny, probe: { everyEpochs: 1, linearHead: true }, report: true, out: OUT })
        run.encoder.dispose()
        rmSync(OUT, { recursive: true })
        global.gc()
        console.log(process.memoryUsage.rss())
      }`
    const { code, stdout, stderr } = await runProgram(program, path('run'), 'export NODE_OPTIONS=--expose-gc')
    expect(code, stderr).to.equal(0)
    const rss = stdout
      .trim()
      .split('\n')
      .map((bytes) => Number(bytes) / 1e6)
    console.log(`      MB after each: ${rss.map(Math.round).join(' ')}`)
    expect(rss).to.have.length(20)
    const most = (part: number[]) => Math.max(...part)
    expect(most(rss.slice(15))).to.be.below(1.1 * most(rss.slice(0, 6)))
  })
})
