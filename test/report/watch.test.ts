import { once } from 'node:events'
import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { expect } from 'chai'
import { SimclrError } from '../../lib/addon/errors.ts'
import { SectionCache } from '../../lib/report/section-cache.ts'
import { watchRun } from '../../lib/report/watch.ts'
import { train } from '../../lib/train.ts'
import { temporaryFolder } from '../support/folder.ts'
import { rejection } from '../support/rejection.ts'
import { tiny } from '../support/tiny.ts'

/** Status of the page, asked for under a name. */
function statusFor(url: string, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(`${url}curves`, { headers: { host } }, (answer) => {
      answer.resume().on('end', () => resolve(answer.statusCode!))
    })
    asked.on('error', reject).end()
  })
}

describe('a page that follows a run', function () {
  this.timeout(120_000)
  const path = temporaryFolder()
  const config = () => JSON.parse(readFileSync(path('run', 'config.json'), 'utf8'))
  before(async () => {
    const run = await train({ ...tiny, out: path('run') })
    run.encoder.dispose()
  })

  it('is served to this machine with curves that follow', async () => {
    await using watch = await watched(path('run'))
    expect(watch.url).to.match(/^http:\/\/127\.0\.0\.1:\d+\/$/)
    const page = await (await fetch(watch.url)).text()
    expect(page).to.contain('<h2>Map</h2>').and.contain("fetch('curves')")
    const curves = await fetch(`${watch.url}curves`)
    expect(await curves.text())
      .to.contain('aria-label="Loss')
      .and.not.contain('<html')
    expect((await fetch(`${watch.url}etc/passwd`)).status).to.equal(404)
  })

  it('is not served under names of other sites, which may lead here', async () => {
    await using watch = await watched(path('run'))
    const { port } = new URL(watch.url)
    const hosts = [
      `127.0.0.1:${port}`,
      `localhost:${port}`,
      `evil.example:${port}`,
      'localhost',
      '127.0.0.1:1',
    ]
    const statuses = await Promise.all(hosts.map((host) => statusFor(watch.url, host)))
    expect(statuses).to.deep.equal([200, 200, 403, 403, 403])
  })

  it('says what to do where its port is taken', async () => {
    await using watch = await watched(path('run'))
    const port = Number(new URL(watch.url).port)
    const error = await rejection(watchRun(path('run'), port))
    expect(error).to.be.instanceOf(SimclrError).with.property('code', 'ERR_SIMCLR_IO')
    expect(error.message).to.contain(`${port} cannot be had: it is taken. Choose another`)
  })

  it('does without an encoder until the run has written its first', async () => {
    mkdirSync(path('young', 'checkpoints'), { recursive: true })
    cpSync(path('run', 'config.json'), path('young', 'config.json'))
    await using watch = await watched(path('young'))
    const answer = await fetch(watch.url)
    const page = await answer.text()
    expect(answer.status, page).to.equal(200)
    expect(page).to.contain('<h2>Views</h2>').and.not.contain('<h2>Map</h2>')
    cpSync(path('run', 'encoder.safetensors'), path('young', 'encoder.safetensors'))
    expect(await (await fetch(watch.url)).text()).to.contain('<h2>Map</h2>')
  })

  it('reads the images again only where the run has gone on', async () => {
    cpSync(path('run'), path('read'), { recursive: true })
    await using watch = await watched(path('read'))
    const page = await (await fetch(watch.url)).text()
    const options = { ...config().options, data: path('nowhere') }
    // What is kept needs no data; a newer configuration makes it read them.
    expect(await (await fetch(watch.url)).text()).to.equal(page)
    writeFileSync(path('read', 'config.json.new'), JSON.stringify({ ...config(), options }))
    renameSync(path('read', 'config.json.new'), path('read', 'config.json'))
    const without = await fetch(watch.url)
    expect(without.status).to.equal(200)
    expect(await without.text())
      .to.contain(`Expected images at ${path('nowhere')} but`)
      .and.contain('aria-label="Loss')
      .and.not.contain('<h2>Views</h2>')
  })
})

describe('what a page shows of the images', () => {
  const path = temporaryFolder()

  it('is computed once, and anew after a checkpoint', async () => {
    mkdirSync(path('checkpoints'))
    let made = 0
    const cache = new SectionCache(path(), async () => ++made)
    expect(await Promise.all([cache.get(), cache.get()])).to.deep.equal([1, 1])
    expect(await cache.get()).to.equal(1)
    writeFileSync(path('checkpoints', 'step-00000001.safetensors'), '')
    expect(await Promise.all([cache.get(), cache.get()])).to.deep.equal([2, 2])
    rmSync(path('checkpoints'), { recursive: true })
    await cache.close()
  })

  it('is tried again where it failed', async () => {
    let tries = 0
    const cache = new SectionCache(path(), async () => {
      if (++tries === 1) throw new Error('first')
      return tries
    })
    expect((await rejection(cache.get())).message).to.equal('first')
    expect(await cache.get()).to.equal(2)
  })

  it('is given up when the page is closed', async () => {
    let begin = () => {}
    const begun = new Promise<void>((resolve) => {
      begin = resolve
    })
    const cache = new SectionCache(path(), async (signal) => {
      begin()
      await once(signal, 'abort')
      signal.throwIfAborted()
    })
    const failed = rejection(cache.get())
    await begun
    await cache.close()
    expect((await failed).name).to.equal('AbortError')
  })
})

async function watched(folder: string) {
  const watch = await watchRun(folder)
  return { url: watch.url, [Symbol.asyncDispose]: () => watch.close() }
}
