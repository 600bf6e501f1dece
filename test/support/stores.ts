/** Whether all that has decoded images has given them back. */
import { loadAddon } from '../../lib/addon/load.ts'

/** Does `work`, and says how many stores of images it has made and not disposed. */
export async function storesLeft(work: () => Promise<unknown>): Promise<number> {
  const addon = loadAddon()
  const { ImageStore } = addon
  let open = 0
  addon.ImageStore = class extends ImageStore {
    #disposed = false
    constructor(count: number) {
      super(count)
      open += 1
    }
    override dispose(): void {
      if (!this.#disposed) open -= 1
      this.#disposed = true
      super.dispose()
    }
  }
  try {
    await work()
  } finally {
    addon.ImageStore = ImageStore
  }
  return open
}
