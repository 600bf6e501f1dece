/** Damaged files through the whole path: each is decoded or listed, nothing crashes, memory stays bounded. */

import { readdirSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { expect } from 'chai'
import { pack } from 'tar-stream'
import { SimclrError } from '../../lib/addon/errors.ts'
import { open } from '../../lib/data/open.ts'
import { storeImages } from '../../lib/data/store.ts'
import { mutate } from './mutate.ts'
import { file, formats, write } from './pictures.ts'

/** Most memory that a suite may gain; the sets themselves hold a few MB. */
const memory = 300e6

const openFiles = () => readdirSync('/proc/self/fd').length

/** Tests over `files` damaged files of each kind. `folder` names a file for this suite alone. */
export function fuzz(files: number, folder: (name: string) => string): void {
  let before: { rss: number; files: number }
  beforeEach(() => {
    before ??= { rss: process.memoryUsage().rss, files: openFiles() }
  })
  for (const format of formats) {
    it(`${files} damaged ${format} files`, async () => {
      const originals = await Promise.all([0, 1, 2].map((seed) => file(format, 48, 36, seed)))
      const read = (index: number) => mutate(originals[index % 3]!, index + 1)
      const source = {
        name: format,
        count: files + 1,
        read: (i: number) => (i < files ? read(i) : originals[0]!),
      }
      const stored = await storeImages(await open(source, { maxSkipped: 1, maxPixels: 1e6 }))
      expect(stored.count + stored.skipped.length).to.equal(files + 1)
      expect(stored.skipped.length, 'some are damaged beyond use').to.be.above(files / 10)
      for (const { reason, name } of stored.skipped) {
        expect(reason, name).to.be.oneOf([
          'corrupt',
          'truncated',
          'empty',
          'not an image',
          'unsupported format',
          'too large',
        ])
      }
      for (let i = 0; i < stored.count; i += 1) {
        const { data, width, height, channels } = stored.store.get(i)
        expect(data.length).to.equal(width * height * channels)
        expect(width * height).to.be.within(1, 1e6)
      }
      stored.dispose()
    })
  }

  for (const [kind, whole] of Object.entries(containers)) {
    it(`${files} damaged ${kind} files`, async () => {
      const original = await whole()
      let opened = 0
      for (let i = 1; i <= files; i += 1) {
        const path = write(folder(`damaged.${kind}`), mutate(original, i))
        try {
          const set = await open(kind.startsWith('tar') ? `tar:${path}` : `idx:${path}`, {
            maxSkipped: 1,
            maxPixels: 1e6,
          })
          const stored = await storeImages(set, { maxMemory: 1e8 })
          opened += 1
          stored.dispose()
        } catch (error) {
          expect(error, `seed ${i}: ${(error as Error).stack}`).to.be.instanceOf(SimclrError)
        }
      }
      expect(opened).to.be.below(files)
    })
  }

  it('memory stays bounded and no file stays open', () => {
    expect(process.memoryUsage().rss - before.rss).to.be.below(memory)
    expect(openFiles()).to.be.at.most(before.files + 2)
  })
}

const containers: Record<string, () => Promise<Buffer>> = {
  tar,
  'tar.gz': async () => gzipSync(await tar()),
  idx: async () =>
    Buffer.concat([Buffer.from([0, 0, 8, 3, 0, 0, 0, 5, 0, 0, 0, 4, 0, 0, 0, 4]), Buffer.alloc(80, 9)]),
  'idx.gz': async () => gzipSync(await containers.idx!()),
}

async function tar(): Promise<Buffer> {
  const archive = pack()
  for (const seed of [0, 1, 2, 3])
    archive.entry({ name: `${seed % 2 ? 'cat' : 'dog'}/${seed}.png` }, await file('png', 16, 16, seed))
  archive.finalize()
  const chunks: Uint8Array[] = []
  for await (const chunk of archive) chunks.push(chunk as Uint8Array)
  return Buffer.concat(chunks)
}
