/**
 * Embeds images that arrive one by one in batches: while one batch computes, the next gathers. What is no image is taken
 * out of its batch and the rest embedded together, so that each request gets its own answer.
 */
export class Batcher {
  /** `calls`: of the encoder. A batch takes one, or two where something in it was no image. */
  statistics = { requests: 0, batches: 0, calls: 0, refused: 0 }
  #encoder
  #largest
  #waiting = []
  #working = false

  /** `largest`: images of a batch; at most 256, which the encoder decodes together. */
  constructor(encoder, { largest = 64 } = {}) {
    this.#encoder = encoder
    this.#largest = largest
  }

  /** The image's features. Rejects with NOT_AN_IMAGE for what is none. */
  embed(image) {
    this.statistics.requests++
    return new Promise((resolve, reject) => {
      this.#waiting.push({ image, resolve, reject })
      this.#work()
    })
  }

  async #work() {
    if (this.#working) return
    this.#working = true
    // Requests that are being read at this moment come along.
    await new Promise(setImmediate)
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, this.#largest)
      this.statistics.batches++
      await this.#embed(batch)
    }
    this.#working = false
  }

  async #embed(batch) {
    this.statistics.calls++
    try {
      const { data, shape } = await this.#encoder.embed(batch.map(({ image }) => image))
      batch.forEach(({ resolve }, i) => {
        resolve(data.slice(i * shape[1], (i + 1) * shape[1]))
      })
    } catch (error) {
      if (!error.unusable) {
        for (const { reject } of batch) reject(error)
        return
      }
      for (const { index, reason } of error.unusable) batch[index].reject(new NotAnImage(reason))
      this.statistics.refused += error.unusable.length
      const bad = new Set(error.unusable.map(({ index }) => index))
      const rest = batch.filter((_, i) => !bad.has(i))
      if (rest.length > 0) await this.#embed(rest)
    }
  }
}

/** fastify answers with `statusCode`, `code` and the message. */
class NotAnImage extends Error {
  statusCode = 422
  code = 'NOT_AN_IMAGE'
}
