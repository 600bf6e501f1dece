/**
 * An HTTP service on fastify: remembers the images that are sent to it and answers which of them are nearest.
 *
 *   PUT /images/:name   the bytes of an image; remembers its features
 *   POST /nearest?k=5   the bytes of an image; the names of the nearest ones, with their cosine similarity
 *   GET /statistics     requests, batches, images
 *
 * What is no image is answered with 422 and the reason.
 *
 *   node service.js RUN [PORT]
 */
import Fastify from 'fastify'
import { Encoder, ops } from 'simclr'
import { Batcher } from './batcher.js'

/** A fastify app around an encoder, which the caller disposes. */
export function createService(encoder) {
  const batcher = new Batcher(encoder)
  const known = new Known(encoder.featureDim)
  const app = Fastify({ bodyLimit: 20e6 })
  app.addContentTypeParser(['image/*', 'application/octet-stream'], { parseAs: 'buffer' }, (_, body, done) =>
    done(null, body),
  )
  app.put('/images/:name', async ({ params, body }, reply) => {
    known.set(params.name, await batcher.embed(body))
    return reply.code(201).send({ images: known.size })
  })
  const querystring = { type: 'object', properties: { k: { type: 'integer', minimum: 1, default: 5 } } }
  app.post('/nearest', { schema: { querystring } }, async ({ query, body }) =>
    known.nearest(await batcher.embed(body), query.k),
  )
  app.get('/statistics', async () => ({ ...batcher.statistics, images: known.size }))
  return app
}

/** Features by name, in one array with room for more. */
class Known {
  #dim
  #rows = new Map()
  #features

  constructor(dim) {
    this.#dim = dim
    this.#features = new Float32Array(64 * dim)
  }

  get size() {
    return this.#rows.size
  }

  set(name, features) {
    const row = this.#rows.get(name) ?? this.size
    this.#rows.set(name, row)
    if (this.size * this.#dim > this.#features.length) {
      const larger = new Float32Array(2 * this.#features.length)
      larger.set(this.#features)
      this.#features = larger
    }
    this.#features.set(features, row * this.#dim)
  }

  /** The nearest first. */
  async nearest(features, k) {
    if (this.size === 0) return []
    const names = [...this.#rows.keys()]
    const all = this.#features.subarray(0, names.length * this.#dim)
    const options = { dim: this.#dim, k: Math.min(k, names.length) }
    const { indices, similarities } = await ops.nearest(features, all, options)
    return Array.from(indices, (row, i) => ({ name: names[row], similarity: similarities[i] }))
  }
}

if (process.argv[1] === import.meta.filename) {
  const [run, port = '3000'] = process.argv.slice(2)
  const app = createService(await Encoder.load(run))
  console.log(await app.listen({ port: Number(port) }))
}
