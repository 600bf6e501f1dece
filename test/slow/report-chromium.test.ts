import { execFile, execFileSync } from 'node:child_process'
import { promisify } from 'node:util'
import { expect } from 'chai'
import sharp from 'sharp'
import { watchRun } from '../../lib/report/watch.ts'
import { train } from '../../lib/train.ts'
import { temporaryFolder } from '../support/folder.ts'
import { tiny } from '../support/tiny.ts'

const run = promisify(execFile)

function findChromium(): string | null {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    try {
      return execFileSync('which', [name], { encoding: 'utf8' }).trim()
    } catch {}
  }
  return null
}

describe('report in Chromium', function () {
  this.timeout(300_000)
  const path = temporaryFolder()
  const chromium = findChromium()
  before(async function () {
    if (chromium === null) {
      console.log('      skipped: no Chromium here (apt-get install chromium)')
      this.skip()
    }
    const options = {
      ...tiny,
      data: 'synthetic:scenes,count=96,size=32',
      imageSize: 32,
      probe: { everyEpochs: 1 },
    }
    const trained = await train({ ...options, report: true, out: path('run') })
    trained.encoder.dispose()
  })
  const flags = [
    '--headless',
    '--no-sandbox',
    '--disable-gpu',
    '--hide-scrollbars',
    '--window-size=1100,2600',
  ]

  it('draws charts, pictures and map, in light and in dark', async () => {
    const brightness: number[] = []
    for (const dark of [false, true]) {
      const shot = path(`shot-${dark}.png`)
      const theme = dark ? ['--blink-settings=preferredColorScheme=0'] : []
      await run(chromium!, [
        ...flags,
        ...theme,
        `--screenshot=${shot}`,
        `file://${path('run', 'report.html')}`,
      ])
      const { channels } = await sharp(shot).stats()
      for (const { stdev } of channels.slice(0, 3)) expect(stdev).to.be.above(10)
      brightness.push(channels[0]!.mean)
    }
    expect(brightness[0]).to.be.above(150)
    expect(brightness[1]).to.be.below(100)
  })

  it('live, replaces its curves without an error', async () => {
    const watch = await watchRun(path('run'))
    try {
      const { stdout, stderr } = await run(chromium!, [
        ...flags,
        ...['--virtual-time-budget=9000', '--enable-logging=stderr', '--dump-dom', watch.url],
      ])
      expect(stdout.match(/<polyline/g)).to.have.length.at.least(6)
      expect(stderr).not.to.match(/CONSOLE.*(Error|Uncaught)/)
    } finally {
      await watch.close()
    }
  })
})
