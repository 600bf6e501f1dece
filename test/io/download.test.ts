import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import { expect } from 'chai'
import { SimclrError } from '../../lib/addon/errors.ts'
import { download } from '../../lib/io/download.ts'
import { temporaryFolder } from '../support/folder.ts'
import { mountTmpfs } from '../support/mount.ts'
import { rejection } from '../support/rejection.ts'
import { serveFile } from '../support/server.ts'

const BYTES = Buffer.from(Array.from({ length: 200_000 }, (_, i) => (i * 7919) % 251))
const QUICK = { backoff: 1 }

describe('download', () => {
  const folder = temporaryFolder()
  it('writes the whole file, reports progress and leaves nothing else', async () => {
    await using server = await serveFile(BYTES)
    const file = folder('whole')
    const seen: [number, number | null][] = []
    await download(server.url, file, { onProgress: (bytes, total) => seen.push([bytes, total]) })
    expect(fs.readFileSync(file).equals(BYTES)).to.equal(true)
    expect(seen.at(-1)).to.deep.equal([BYTES.length, BYTES.length])
    expect(fs.readdirSync(folder())).to.deep.equal(['whole'])
  })

  it('follows a redirect', async () => {
    await using server = await serveFile(BYTES)
    const file = folder('redirected')
    await download(server.redirect, file)
    expect(fs.readFileSync(file).equals(BYTES)).to.equal(true)
  })

  it('goes on where a truncated answer broke off', async () => {
    await using server = await serveFile(BYTES, { cut: { after: 50_000, times: 2 } })
    const file = folder('truncated')
    await download(server.url, file, { ...QUICK, onProgress: server.came })
    expect(fs.readFileSync(file).equals(BYTES)).to.equal(true)
    expect(server.requests).to.deep.equal(['all', 'bytes=50000-', 'bytes=100000-'])
  })

  it('keeps the part when it gives up, and a later call goes on from it', async () => {
    await using server = await serveFile(BYTES, { cut: { after: 50_000, times: 1 } })
    const file = folder('part')
    const once = { retries: 0, onProgress: server.came }
    const error = await rejection(download(server.url, file, once))
    expect(error).to.be.instanceOf(SimclrError).with.property('code', 'ERR_SIMCLR_DOWNLOAD')
    expect(fs.existsSync(file)).to.equal(false)
    await download(server.url, file, { retries: 0 })
    expect(fs.readFileSync(file).equals(BYTES)).to.equal(true)
    expect(server.requests).to.deep.equal(['all', 'bytes=50000-'])
  })

  it('begins again when the file has changed meanwhile', async () => {
    await using server = await serveFile(BYTES, { cut: { after: 50_000, times: 1 } })
    const file = folder('changed')
    await rejection(download(server.url, file, { retries: 0, onProgress: server.came }))
    server.set({ etag: '"two"' })
    await download(server.url, file, { retries: 0 })
    expect(fs.readFileSync(file).equals(BYTES)).to.equal(true)
  })

  it('begins again when the part is longer than the file', async () => {
    await using server = await serveFile(BYTES)
    const file = folder('longer')
    fs.writeFileSync(`${file}.part`, Buffer.concat([BYTES, BYTES]))
    fs.writeFileSync(`${file}.part.json`, JSON.stringify({ url: server.url, validator: '"one"' }))
    await download(server.url, file, QUICK)
    expect(fs.readFileSync(file).equals(BYTES)).to.equal(true)
  })

  it('says at once that a file is not there', async () => {
    await using server = await serveFile(BYTES, { status: 404 })
    const error = await rejection(download(server.url, folder('missing'), QUICK))
    expect(error.message).to.contain('404').and.to.contain(server.url)
    expect(server.requests).to.have.length(1)
  })

  it('tries a busy server again, then gives up', async () => {
    await using server = await serveFile(BYTES, { status: 503 })
    const error = await rejection(download(server.url, folder('busy'), { retries: 2, backoff: 1 }))
    expect(error.message).to.contain('HTTP 503')
    expect(server.requests).to.have.length(3)
  })

  it('says at once that the disk cannot be written, and which file', async function () {
    await using server = await serveFile(BYTES)
    fs.mkdirSync(folder('taken'))
    fs.mkdirSync(folder('half.part'))
    const refused = async (name: string) => {
      const error = await rejection(download(server.url, folder(name), QUICK))
      expect(error).to.be.instanceOf(SimclrError).with.property('code', 'ERR_SIMCLR_IO')
      return error.message
    }
    expect(await refused('taken')).to.contain(`write ${folder('taken')} but it is a folder`)
    expect(await refused('nowhere/file')).to.contain(`${folder('nowhere')} is not there`)
    expect(server.requests).to.deep.equal([])
    expect(await refused('half')).to.contain(`write ${folder('half.part')} but it is a folder`)
    expect(server.requests).to.deep.equal(['all'])
    if (!mountTmpfs(folder('disk'), 'size=64k')) return this.skip()
    try {
      expect(await refused('disk/file')).to.match(/disk\/file\.part but ENOSPC: no space left on device\. /)
      expect(server.requests).to.deep.equal(['all', 'all'])
    } finally {
      execFileSync('umount', [folder('disk')])
    }
  })

  it('stops with the reason given while it waits to try again, too', async () => {
    await using server = await serveFile(BYTES, { status: 503 })
    const controller = new AbortController()
    const reason = new Error('enough')
    setTimeout(() => controller.abort(reason), 200)
    const going = download(server.url, folder('waiting'), { backoff: 60_000, signal: controller.signal })
    expect(await rejection(going)).to.equal(reason)
  })

  it('stops when it is told to, with the reason given', async () => {
    await using server = await serveFile(BYTES, { delay: 5_000 })
    const controller = new AbortController()
    const reason = new Error('enough')
    setTimeout(() => controller.abort(reason), 20)
    const going = download(server.url, folder('stopped'), { signal: controller.signal })
    expect(await rejection(going)).to.equal(reason)
  })
})
