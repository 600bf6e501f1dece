import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { expect } from 'chai'
import { readMetrics } from '../../lib/run/metrics.ts'
import { train } from '../../lib/train.ts'
import { temporaryFolder } from '../support/folder.ts'
import { rejection } from '../support/rejection.ts'
import { numbers, tiny } from '../support/tiny.ts'

describe('training on a set that is not kept in memory', function () {
  this.timeout(120_000)
  const path = temporaryFolder()
  const bytes = (run: string) => readFileSync(path(run, 'encoder.safetensors')).toString('base64')
  // Compared before the weights: they say at which step two runs part.
  const metrics = async (run: string) => numbers(await readMetrics(path(run, 'metrics.jsonl')))

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
      expect(await metrics(`${convention}on`)).to.deep.equal(await metrics(`${convention}off`))
      expect(bytes(`${convention}on`)).to.equal(bytes(`${convention}off`))
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

  for (const threads of [1, 2]) {
    it(
      threads === 1
        ? 'reads and computes by turns on one thread'
        : 'reads on one thread while it computes on another',
      async () => {
        const made = source()
        let reads = 0
        const data = {
          ...made,
          imageSize: 20,
          read: (index: number) => {
            reads++
            return made.read(index)
          },
        }
        let before = 0
        const after: number[] = []
        const run = await train({
          ...{ ...tiny, threads, data, stream: 'on', out: path(`turns ${threads}`) },
          onProgress: ({ type }) => {
            if (type === 'start') before = reads
            if (type === 'step') after.push((reads - before) / tiny.batchSize)
          },
        })
        run.encoder.dispose()
        const steps = Array.from({ length: 12 }, (_, step) => step + 1)
        expect(after).to.have.length(12)
        if (threads === 1) expect(after).to.deep.equal(steps)
        else expect(after.filter((batches, step) => batches > steps[step]!)).not.to.be.empty
        expect(made.most.reading).to.equal(1)
      },
    )
  }

  it('is interrupted, with a checkpoint, while an image is waited for that never comes', async () => {
    const controller = new AbortController()
    const data = source()
    let steps = 0
    const hanging = {
      ...data,
      read: async (index: number) => {
        if (steps < 3) return data.read(index)
        controller.abort(new Error('enough'))
        return new Promise<never>(() => {})
      },
    }
    const options = { ...tiny, stream: 'on', out: path('hanging') } as const
    const onProgress = ({ type }: { type: string }) => {
      if (type === 'step') steps++
    }
    const error = await rejection(train({ ...options, data: hanging, signal: controller.signal, onProgress }))
    expect(error.message).to.equal('enough')
    ;(await train({ data, out: path('hanging'), report: false })).encoder.dispose()
    ;(await train({ ...options, data, out: path('not hanging') })).encoder.dispose()
    expect(bytes('hanging')).to.equal(bytes('not hanging'))
  })

  it('is interrupted while the first images are waited for in vain', async () => {
    const controller = new AbortController()
    const read = () => {
      setTimeout(() => controller.abort(new Error('enough')), 10)
      return new Promise<never>(() => {})
    }
    const data = { ...source(), imageSize: 20, read }
    const going = train({ ...tiny, data, stream: 'on', out: path('in vain'), signal: controller.signal })
    expect((await rejection(going)).message).to.equal('enough')
    expect(readdirSync(path())).not.to.include('in vain')
  })

  it('gives its folder back where its source cannot be closed', async () => {
    const reason = new Error('the connection is lost')
    const close = async () => {
      throw reason
    }
    const options = { ...tiny, epochs: 1, stream: 'on', out: path('unclosed') } as const
    expect(await rejection(train({ ...options, data: { ...source(), close } }))).to.equal(reason)
    const run = await train({ ...options, data: source() })
    run.encoder.dispose()
  })

  describe('and can only be read from front to back', () => {
    const folder = temporaryFolder()
    const before = process.env.TMPDIR
    beforeEach(() => {
      process.env.TMPDIR = folder()
    })
    afterEach(() => {
      if (before === undefined) delete process.env.TMPDIR
      else process.env.TMPDIR = before
    })

    /** The same images, and one that is none. */
    const passes = { begun: 0 }
    const sequence = () => {
      const { count, labels, read } = source()
      const stream = async function* () {
        passes.begun += 1
        for (let i = 0; i < count; i++) yield read(i)
        yield new Uint8Array()
      }
      return { name: 'from a pipe', count: count + 1, labels: [...labels, 0], stream }
    }

    it('gives the same bits as from memory, skips what cannot be used, and leaves no file', async () => {
      for (const stream of ['on', 'off'] as const) {
        const { encoder, skipped } = await train({
          ...tiny,
          data: sequence(),
          stream,
          out: path(`pipe-${stream}`),
        })
        encoder.dispose()
        expect(skipped.map(({ name, reason }) => `${name}: ${reason}`)).to.deep.equal([
          'from a pipe 96: empty',
        ])
      }
      expect(await metrics('pipe-on')).to.deep.equal(await metrics('pipe-off'))
      expect(bytes('pipe-on')).to.equal(bytes('pipe-off'))
      expect(readdirSync(folder())).to.deep.equal([])
      expect(passes.begun).to.equal(2)
    })

    it('leaves no file where the process is killed while it decodes', async () => {
      const program = `
        import { Spool } from './lib/data/spool.ts'
        import { storeImages } from './lib/data/store.ts'
        import { open } from './lib/data/open.ts'
        const image = { data: new Uint8Array(4e6), width: 2000, height: 2000, channels: 1 }
        async function* stream() {
          for (let i = 0; i < 8; i++) yield image
          process.stdout.write('all but the last')
          await new Promise((resolve) => setTimeout(resolve, 1e6))
        }
        const set = await open({ name: 'endless', count: 9, stream }, { shorterSide: null })
        await storeImages(set, { maxMemory: 0, overflow: () => Spool.create() })`
      const args = ['--import', 'tsx', '--input-type=module', '--eval', program]
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
      await once(child.stdout, 'data')
      child.kill('SIGKILL')
      await once(child, 'exit')
      expect(readdirSync(folder()).filter((name) => !name.startsWith('tsx'))).to.deep.equal([])
    })

    it('says where there is no place for it', async () => {
      process.env.TMPDIR = folder('nowhere')
      const error = await rejection(train({ ...tiny, data: sequence(), stream: 'on', out: path('no-place') }))
      expect(error).to.have.property('code', 'ERR_SIMCLR_IO')
      expect(error.message).to.contain(folder('nowhere')).and.to.contain('TMPDIR')
    })
  })
})
