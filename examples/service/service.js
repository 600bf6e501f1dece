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
import { Encoder } from 'simclr'
import { Batcher } from './batcher.js'

/** A fastify app around an encoder, which the caller disposes. */
export function createService(encoder) {
  const batcher = new Batcher(encoder)
  /** Unit vectors by name. */
  const known = new Map()
  const app = Fastify({ bodyLimit: 20e6 })
  app.addContentTypeParser(['image/*', 'application/octet-stream'], { parseAs: 'buffer' }, (_, body, done) =>
    done(null, body),
  )
  app.put('/images/:name', async ({ params, body }, reply) => {
    known.set(params.name, await batcher.embed(body))
    return reply.code(201).send({ images: known.size })
  })
  app.post('/nearest', async ({ query, body }) => {
    const asked = await batcher.embed(body)
    const ranked = [...known].map(([name, vector]) => ({ name, similarity: dot(asked, vector) }))
    return ranked.sort((a, b) => b.similarity - a.similarity).slice(0, Number(query.k ?? 5))
  })
  app.get('/statistics', async () => ({ ...batcher.statistics, images: known.size }))
  return app
}

function dot(a, b) {
  return a.reduce((sum, value, i) => sum + value * b[i], 0)
}

if (process.argv[1] === import.meta.filename) {
  const [run, port = '3000'] = process.argv.slice(2)
  const app = createService(await Encoder.load(run))
  console.log(await app.listen({ port: Number(port) }))
}
