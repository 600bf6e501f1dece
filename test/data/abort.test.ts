import { readdirSync } from 'node:fs'
import { expect } from 'chai'
import { inChunks, readImages } from '../../lib/data/images.ts'
import { inspect } from '../../lib/data/inspect.ts'
import { open } from '../../lib/data/open.ts'
import { pack } from '../../lib/data/pack.ts'
import { storeImages } from '../../lib/data/store.ts'
import type { ImageSource } from '../../lib/data/types.ts'
import { temporaryFolder } from '../support/folder.ts'
import { rejection } from '../support/rejection.ts'

describe('an abort while a source does not answer', () => {
  const folder = temporaryFolder()
  const image = { data: new Uint8Array(16), width: 4, height: 4, channels: 1 } as const
  const never = () => new Promise<never>(() => {})

  /** A source that stops answering at its image `at`, and a signal that is aborted then. */
  function hanging(kind: 'read' | 'stream', at = 5): { source: ImageSource; signal: AbortSignal } {
    const controller = new AbortController()
    const read = (index: number) => {
      if (index < at) return image
      setImmediate(() => controller.abort(new Error('enough')))
      return never()
    }
    async function* stream() {
      for (let index = 0; index < 40; index++) yield read(index)
    }
    const source = { name: 'slow', count: 40, ...(kind === 'read' ? { read } : { stream }) }
    return { source, signal: controller.signal }
  }

  for (const kind of ['read', 'stream'] as const) {
    it(`ends a pass: ${kind}`, async () => {
      for (const pass of [
        storeImages,
        inspect,
        (...[set, options]: Parameters<typeof inspect>) => pack(set, folder('x.pack'), options),
      ]) {
        const { source, signal } = hanging(kind)
        expect((await rejection(pass(await open(source), { signal }))).message).to.equal('enough')
      }
      expect(readdirSync(folder())).to.deep.equal([])
    })

    it(`ends looking at the first images, and closes the source: ${kind}`, async () => {
      const { source, signal } = hanging(kind)
      let closed = 0
      const close = () => {
        closed += 1
      }
      const reading = readImages({ ...source, close }, { imageSize: () => 16, signal })
      expect((await rejection(reading)).message).to.equal('enough')
      expect(closed).to.equal(1)
    })
  }

  it('comes from whoever is told of progress, where the images are drawn natively', async () => {
    const controller = new AbortController()
    const options = { signal: controller.signal, onProgress: () => controller.abort(new Error('enough')) }
    const set = await open('synthetic:scenes,count=20,size=8')
    expect((await rejection(storeImages(set, options))).message).to.equal('enough')
  })

  it('ends waiting for images that are streamed', async () => {
    const { source, signal } = hanging('read', 39)
    const images = await readImages({ ...source, imageSize: 4 }, { imageSize: 16, stream: 'on', signal })
    const indices = Uint32Array.from({ length: images.count }, (_, i) => i)
    const error = await rejection(inChunks({ images, indices }, async () => {}, signal))
    expect(error.message).to.equal('enough')
    await images.dispose()
  })
})
