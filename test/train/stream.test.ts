import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { readMetrics } from '../../lib/run/metrics.ts'
import { train } from '../../lib/train.ts'
import { temporaryFolder } from '../support/folder.ts'
import { numbers, tiny } from '../support/tiny.ts'

describe('training on a set that is not kept in memory', function () {
  this.timeout(120_000)
  const path = temporaryFolder()
  const bytes = (run: string) => readFileSync(path(run, 'encoder.safetensors')).toString('base64')

  /** 96 images of four classes, and what was read at once at most. */
  const source = () => {
    let reading = 0
    const most = { reading: 0 }
    return {
      most,
      name: 'made on demand',
      count: 96,
      labels: Array.from({ length: 96 }, (_, i) => i % 4),
      read: async (index: number) => {
        most.reading = Math.max(most.reading, ++reading)
        await new Promise(setImmediate)
        reading--
        const data = Uint8Array.from(
          { length: 20 * 20 * 3 },
          (_, p) => (p * (index + 3) + 50 * (index % 4)) % 256,
        )
        return { data, width: 20, height: 20, channels: 3 as const }
      },
    }
  }

  for (const convention of ['torch', 'paper'] as const) {
    it(`gives the same bits as from memory: ${convention} convention`, async () => {
      for (const stream of ['on', 'off'] as const) {
        const options = {
          ...tiny,
          schedule: { convention },
          batchSize: 20,
          probe: { everyEpochs: 1, linearHead: true },
        }
        const run = await train({
          ...options,
          report: true,
          data: source(),
          stream,
          out: path(convention + stream),
        })
        run.encoder.dispose()
      }
      expect(bytes(`${convention}on`)).to.equal(bytes(`${convention}off`))
      const metrics = async (stream: string) =>
        numbers(await readMetrics(path(convention + stream, 'metrics.jsonl')))
      expect(await metrics('on')).to.deep.equal(await metrics('off'))
      const page = (stream: string) => readFileSync(path(convention + stream, 'report.html'), 'utf8')
      expect(page('on')).to.contain('<h2>Map</h2>')
    })
  }

  it('goes on after an interruption, with as few decoders as threads allow', async () => {
    const controller = new AbortController()
    const data = source()
    const options = { ...tiny, data, stream: 'on', out: path('parts') } as const
    const interrupted = train({
      ...options,
      signal: controller.signal,
      onProgress: (event) => {
        if (event.type === 'step' && event.step === 4) controller.abort(new Error('enough'))
      },
    })
    expect(await interrupted.catch((error) => error.message)).to.equal('enough')
    ;(await train({ data, out: path('parts'), report: false })).encoder.dispose()
    ;(await train({ ...options, out: path('whole') })).encoder.dispose()
    expect(bytes('parts')).to.equal(bytes('whole'))
    expect(data.most.reading).to.equal(1)
  })
})
