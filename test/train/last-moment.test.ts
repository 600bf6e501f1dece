import { existsSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import type { TrainEvent } from '../../lib/run/events.ts'
import { temporaryFolder } from '../support/folder.ts'
import { tiny, trained } from '../support/tiny.ts'

describe('a run that is stopped after its last step', function () {
  this.timeout(60_000)
  const path = temporaryFolder()

  it('is complete: without that epoch’s probe, with a report of its curves that says how to get the rest', async () => {
    const controller = new AbortController()
    const warnings: string[] = []
    const onProgress = (event: TrainEvent) => {
      if (event.type === 'step' && event.step === 11) controller.abort()
      if (event.type === 'warning') warnings.push(event.message)
    }
    const { history } = await trained({
      ...{ ...tiny, probe: { everyEpochs: 1 }, report: true, out: path('run') },
      ...{ signal: controller.signal, onProgress },
    })
    expect(history.map(({ knn }) => knn !== null)).to.deep.equal([true, false])
    expect(existsSync(path('run/encoder.safetensors'))).to.equal(true)
    const page = readFileSync(path('run/report.html'), 'utf8')
    expect(page).to.contain('aria-label="Loss').and.not.contain('<h2>Map</h2>')
    const why = 'the run was stopped before they were looked at'
    expect(page).to.contain(`cannot be shown here: ${why}. To have them: simclr report ${path('run')}`)
    const about = warnings.filter((message) => message.includes('report'))
    expect(about).to.deep.equal([
      `report.html is without images, as ${why}. To have them: simclr report ${path('run')}`,
    ])
  })
})
