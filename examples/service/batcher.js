/**
 * Embeds images that arrive one by one in batches: while one batch computes, the next gathers. A batch with a bad image
 * is tried again image by image, so that each request gets its own answer.
 */
export class Batcher {
  statistics = { requests: 0, batches: 0, refused: 0 }
  #encoder
  #waiting = []
  #working = false

  constructor(encoder) {
    this.#encoder = encoder
  }

  /** The image's features, of length 1. Rejects with ERR_SIMCLR_DATA for what is no image. */
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
    while (this.#waiting.length > 0) {
      const batch = this.#waiting.splice(0, 64)
      this.statistics.batches++
      await this.#embed(batch)
    }
    this.#working = false
  }

  async #embed(batch) {
    try {
      const { data, shape } = await this.#encoder.embed(batch.map(({ image }) => image))
      batch.forEach(({ resolve }, i) => {
        resolve(unit(data.subarray(i * shape[1], (i + 1) * shape[1])))
      })
    } catch (error) {
      if (batch.length > 1) {
        for (const one of batch) await this.#embed([one])
      } else {
        this.statistics.refused++
        batch[0].reject(error)
      }
    }
  }
}

function unit(vector) {
  const length = Math.hypot(...vector) || 1
  return Float32Array.from(vector, (value) => value / length)
}
