import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import sharp from 'sharp'
import { newestCheckpoint } from '../../lib/weights/checkpoint.ts'
import { simclrMain } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { tiny, tinyFlags } from '../support/tiny.ts'
import { runProgram } from './support.ts'

/** Every way a program that trains can end: with its own exit code, never by a crash. */
describe('leaving a process that trains', function () {
  this.timeout(120_000)
  const path = temporaryFolder()
  const expectCode = ({ code, signal, stderr }: Awaited<ReturnType<typeof runProgram>>, wanted: number) => {
    expect(signal, stderr).to.equal(null)
    expect(code, stderr).to.equal(wanted)
  }

  it('normally, as soon as the run is over', async () => {
    const left = await runProgram(
      `const run = await train({ ...tiny, out: OUT }); console.log(run.history.length)`,
      path('a'),
    )
    expectCode(left, 0)
    expect(left.stdout).to.equal('2\n')
  })

  it('normally, without disposing the encoder or waiting for it', async () => {
    const program = `
      await train({ ...tiny, epochs: 1, out: OUT })
      const encoder = await Encoder.load(OUT)
      encoder.embed([{ data: new Uint8Array(256), width: 16, height: 16, channels: 1 }])`
    expectCode(await runProgram(program, path('b')), 0)
  })

  it('by process.exit during a step', async () => {
    const program = `train({ ...endless, onProgress: (e) => e.type === 'step' && setTimeout(() => process.exit(7), 5) })`
    expectCode(await runProgram(program, path('c')), 7)
  })

  it('by an error nobody catches during a step', async () => {
    const program = `train({ ...endless, onProgress: (e) => e.type === 'step' && setTimeout(() => { throw new Error('mine') }, 5) })`
    const left = await runProgram(program, path('d'))
    expectCode(left, 1)
    expect(left.stderr).to.contain('mine')
  })

  it('by an error in onProgress, which is the run’s end and no more', async () => {
    const program = `
      await train({ ...endless, onProgress: (e) => { if (e.type === 'step') throw new Error('mine') } }).catch((e) => console.log(e.message))
      const run = await train({ ...tiny, out: OUT + '-2' }); console.log(run.history.length)`
    const left = await runProgram(program, path('e'))
    expectCode(left, 0)
    expect(left.stdout).to.equal('mine\n2\n')
  })

  it('normally, where a process that would train cannot be started', async () => {
    const program = `
      import { closeSync, openSync } from 'node:fs'
      const open = []
      const say = (error) => said.push([error.code, error.message])
      const said = []
      try { for (;;) open.push(openSync('/dev/null', 'r')) } catch {}
      closeSync(open.pop()) // one is needed to find a port
      await train({ ...tiny, out: OUT, isolate: true }).catch(say)
      await train({ ...tiny, out: OUT, processes: 2 }).catch(say)
      for (const file of open) closeSync(file)
      console.log(JSON.stringify(said))`
    const left = await runProgram(program, path('no-process'), 'ulimit -n 256')
    expectCode(left, 0)
    const [isolated, ranks] = JSON.parse(left.stdout) as [string, string][]
    expect(isolated![0]).to.equal('ERR_SIMCLR_PROCESS')
    expect(isolated![1]).to.match(/could not be started: .*EMFILE/)
    expect(ranks![0]).to.equal('ERR_SIMCLR_PROCESS')
    expect(ranks![1]).to.match(/Rank 0 could not be started: .*EMFILE/)
  })

  it('by disposing an encoder that is embedding', async () => {
    const program = `
      const run = await train({ ...tiny, epochs: 1, out: OUT })
      const image = { data: new Uint8Array(256), width: 16, height: 16, channels: 1 }
      const under = run.encoder.embed(Array(500).fill(image))
      setTimeout(() => run.encoder.dispose(), 3)
      console.log(await under.then(() => 'embedded', (e) => e.code))`
    const left = await runProgram(program, path('f'))
    expectCode(left, 0)
    expect(left.stdout.trim()).to.be.oneOf(['embedded', 'ERR_SIMCLR_DISPOSED'])
  })

  it('by process.exit while native work goes on that nothing would end for ten minutes', async () => {
    const program = `
      import { loadAddon } from '${new URL('../../lib/addon/load.ts', import.meta.url).pathname}'
      const spec = { rank: 0, size: 2, localSize: 2, host: 'localhost', port: 0, servesStore: true, storeOutlives: false, generation: '0', timeoutSeconds: 600 }
      new (loadAddon().Group)(spec).join('nobody else comes')
      setTimeout(() => process.exit(8), 500)`
    expectCode(await runProgram(program, path('i')), 8)
  })

  it('by process.exit while images are decoded', async () => {
    mkdirSync(path('photos'))
    const noise = Uint8Array.from({ length: 800 * 600 * 3 }, (_, i) => Math.imul(i, 2654435761) >>> 24)
    for (let i = 0; i < 24; i++) {
      await sharp(noise, { raw: { width: 800, height: 600, channels: 3 } })
        .jpeg()
        .toFile(path('photos', `${i}.jpg`))
    }
    const program = `
      train({ ...tiny, data: ${JSON.stringify(path('photos'))}, out: OUT, onProgress: (e) => e.type === 'data' && e.done > 0 && process.exit(9) })`
    expectCode(await runProgram(program, path('g')), 9)
  })

  it('by terminating the worker that trains; the process goes on and may train', async () => {
    // Compiled, as apps have it: tsx does not reach into workers.
    const worker = `
      import { parentPort, workerData } from 'node:worker_threads'
      import { train } from '${new URL('../../dist/train.js', import.meta.url)}'
      const endless = { ...${JSON.stringify(tiny)}, epochs: 100000, out: workerData }
      await train({ ...endless, onProgress: (e) => parentPort.postMessage(e.type) })`
    writeFileSync(path('worker.mjs'), worker)
    const program = `
      import { Worker } from 'node:worker_threads'
      const worker = new Worker(new URL('file://${path('worker.mjs')}'), { workerData: OUT })
      await new Promise((resolve, reject) => worker.on('message', (type) => type === 'step' && resolve()).on('error', reject))
      console.log(await train({ ...tiny, out: OUT + '-2' }).catch((e) => e.code))
      await worker.terminate()
      const run = await train({ ...tiny, out: OUT + '-3' }); console.log(run.history.length)`
    const left = await runProgram(program, path('h'))
    expectCode(left, 0)
    expect(left.stdout).to.equal('ERR_SIMCLR_BUSY\n2\n')
  })

  describe('by a signal to the command line', () => {
    const args = ['train', ...tinyFlags, '--epochs', '100000', '--json']
    const signalled = async (out: string, ...signals: NodeJS.Signals[]) => {
      const child = spawn(process.execPath, [simclrMain, ...args, '--out', out], {
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      const ended = once(child, 'close')
      let told = ''
      child.stdout.setEncoding('utf8').on('data', (text: string) => {
        const before = told.includes('"type":"step"')
        told += text
        if (!before && told.includes('"type":"step"')) for (const signal of signals) child.kill(signal)
      })
      return ended
    }

    it('SIGTERM: 130, with a checkpoint', async () => {
      expect(await signalled(path('term'), 'SIGTERM')).to.deep.equal([130, null])
      const checkpoint = await newestCheckpoint(path('term', 'checkpoints'), () => expect.fail('damaged'))
      expect(checkpoint!.step).to.be.above(0)
    })

    it('SIGINT twice: 130 at once, and what is on the disk is whole', async () => {
      expect(await signalled(path('twice'), 'SIGINT', 'SIGINT')).to.deep.equal([130, null])
      await newestCheckpoint(path('twice', 'checkpoints'), () => expect.fail('damaged'))
      expect(readdirSync(path('twice'))).to.include('config.json')
    })
  })
})
