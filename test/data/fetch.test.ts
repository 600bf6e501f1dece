import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { pack } from 'tar-stream'
import type { SimclrError } from '../../lib/addon/errors.ts'
import { type CatalogSet, catalog } from '../../lib/data/catalog.ts'
import { catalogSet, fetchSet } from '../../lib/data/fetch.ts'
import { open } from '../../lib/data/open.ts'
import { simclr } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { mountTmpfs } from '../support/mount.ts'
import { rejection } from '../support/rejection.ts'
import { serveFile } from '../support/server.ts'

const quick = { backoff: 1 }

/** A CIFAR-10 of two images, with things beside it that have no business in it. */
async function archive(): Promise<Buffer> {
  const tar = pack()
  const record = Buffer.concat([Buffer.from([3]), Buffer.alloc(3072, 7)])
  for (const n of [1, 2, 3, 4, 5]) tar.entry({ name: `cifar-10-batches-bin/data_batch_${n}.bin` }, record)
  tar.entry({ name: 'cifar-10-batches-bin/../../escaped.txt' }, 'outside')
  tar.entry({ name: '../escaped.txt' }, 'outside')
  tar.entry({ name: 'elsewhere/file.txt' }, 'outside')
  tar.finalize()
  const chunks: Uint8Array[] = []
  for await (const chunk of tar) chunks.push(chunk as Uint8Array)
  return gzipSync(Buffer.concat(chunks), { level: 0 })
}

function setOf(url: string, bytes: Buffer): CatalogSet {
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { ...catalog[0]!, files: [{ url: `${url}/small.tar.gz`, bytes: bytes.length, sha256 }] }
}

describe('fetching a known set', () => {
  const folder = temporaryFolder()
  let bytes: Buffer
  before(async () => {
    bytes = await archive()
  })

  it('downloads, checks and unpacks it, and leaves nothing else', async () => {
    await using server = await serveFile(bytes)
    const set = setOf(server.url, bytes)
    const into = folder('plain/data')
    const fetched = await fetchSet(set, into, quick)
    expect(fetched).to.deep.include({ folder: `${into}/cifar-10-batches-bin`, already: false })
    expect(readdirSync(into)).to.deep.equal(['cifar-10-batches-bin'])
    expect(readdirSync(fetched.folder)).to.have.length(5)
    expect(existsSync(folder('plain/escaped.txt'))).to.equal(false)
    const opened = await open(fetched.opens[0]!)
    expect([...opened.labels!]).to.deep.equal([3, 3, 3, 3, 3])
    expect((await fetchSet(set, into)).already).to.equal(true)
    expect(server.requests).to.have.length(1)
  })

  it('goes on where it broke off, also in a later call', async () => {
    await using server = await serveFile(bytes, { cut: { after: 4000, times: 2 } })
    const set = setOf(server.url, bytes)
    const onProgress = (_file: string, bytes: number) => server.came(bytes)
    await fetchSet(set, folder('resumed'), { ...quick, onProgress })
    expect(server.requests).to.deep.equal(['all', 'bytes=4000-', 'bytes=8000-'])
  })

  it('refuses and removes a file with the wrong hash', async () => {
    await using server = await serveFile(Buffer.from('something else'))
    const error = (await rejection(fetchSet(setOf(server.url, bytes), folder('wrong'), quick))) as SimclrError
    expect(error.code).to.equal('ERR_SIMCLR_DOWNLOAD')
    expect(error.message).to.match(/SHA-256/)
    expect(readdirSync(folder('wrong'))).to.deep.equal([])
  })

  it('says so where the file is not there, or no archive', async () => {
    await using server = await serveFile(bytes, { status: 404 })
    const missing = (await rejection(
      fetchSet(setOf(server.url, bytes), folder('gone'), quick),
    )) as SimclrError
    expect(missing.message).to.match(/404/)
    const noise = Buffer.from('not a tar.gz at all')
    await using other = await serveFile(noise)
    const damaged = (await rejection(
      fetchSet(setOf(other.url, noise), folder('noise'), quick),
    )) as SimclrError
    expect(damaged.code).to.equal('ERR_SIMCLR_CORRUPT_FILE')
    expect(readdirSync(folder('noise')).filter((name) => name.startsWith('cifar'))).to.deep.equal([])
  })

  it('stops with the signal’s reason and keeps what came', async () => {
    await using server = await serveFile(bytes, { delay: 200 })
    const signal = AbortSignal.timeout(50)
    const error = await rejection(fetchSet(setOf(server.url, bytes), folder('stopped'), { signal, ...quick }))
    expect(error.name).to.equal('TimeoutError')
  })

  it('says before it downloads that the folder cannot be written', async function () {
    if (!mountTmpfs(folder('disk'), 'ro,size=64k')) return this.skip()
    try {
      await using server = await serveFile(bytes)
      const error = await rejection(fetchSet(setOf(server.url, bytes), folder('disk'), quick))
      expect(error).to.have.property('code', 'ERR_SIMCLR_IO')
      expect(error.message).to.contain('cifar-10-batches-bin but EROFS: read-only file system.')
    } finally {
      execFileSync('umount', [folder('disk')])
    }
  })

  it('is fetched once by two at the same time', async () => {
    await using server = await serveFile(bytes, { delay: 50 })
    const set = setOf(server.url, bytes)
    const both = await Promise.all([fetchSet(set, folder('two'), quick), fetchSet(set, folder('two'), quick)])
    expect(both.map(({ already }) => already).sort()).to.deep.equal([false, true])
    expect(server.requests).to.have.length(1)
  })

  it('keeps files that are no archives as they are', async () => {
    const labels = readFileSync(
      new URL('../../samples/fashion-mnist/t10k-labels-idx1-ubyte.gz', import.meta.url),
    )
    await using server = await serveFile(labels)
    const files = setOf(server.url, labels).files.map((file) => ({ ...file, url: `${server.url}/labels.gz` }))
    const set = { ...catalogSet('fashion-mnist'), files }
    const { folder: where } = await fetchSet(set, folder('files'), { source: server.url, ...quick })
    expect(readFileSync(`${where}/labels.gz`).equals(labels)).to.equal(true)
    expect(readdirSync(folder('files'))).to.deep.equal(['fashion-mnist'])
  })

  it('`simclr data fetch` lists the sets, and refuses an unknown one', async () => {
    const listed = await simclr(['data', 'fetch', '--json'])
    expect(
      listed.stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).name),
    ).to.deep.equal(catalog.map((set) => set.name))
    const unknown = await simclr(['data', 'fetch', 'cifer10'])
    expect(unknown.code).to.equal(2)
    expect(unknown.stderr).to.match(/Did you mean `cifar10`/)
  })

  it('`simclr data fetch --source` takes the files from elsewhere, and says what is wrong with them', async () => {
    await using server = await serveFile(bytes)
    const ran = await simclr(['data', 'fetch', 'cifar10', '--into', folder('cli'), '--source', server.url])
    expect(ran.code).to.equal(1)
    expect(ran.stderr).to.match(/cifar-10-binary\.tar\.gz with SHA-256 c4a38c50.* but what came has/)
  })
})
