/** Cuts off a pack, named on the command line, while it is used; cut-pack.test.ts runs it in a child process, which must not die. */
import { truncateSync } from 'node:fs'
import { SimclrError } from '../../lib/addon/errors.ts'
import { open } from '../../lib/data/open.ts'
import { pack } from '../../lib/data/pack.ts'
import { storeImages } from '../../lib/data/store.ts'
import { tiny, trained } from '../support/tiny.ts'

const [use, path, out] = process.argv.slice(2) as [string, string, string]
const page = 4096

/** What became of `work`, for the test. */
async function tell(work: () => unknown): Promise<void> {
  try {
    await work()
    console.log(JSON.stringify({ code: null }))
  } catch (error) {
    if (!(error instanceof SimclrError)) throw error
    console.log(JSON.stringify({ code: error.code, message: error.message }))
  }
}

await pack(await open(tiny.data), path)
if (use === 'read') {
  const { store } = await storeImages(await open(`pack:${path}`))
  store.get(0)
  truncateSync(path, page)
  await tell(() => store.get(95))
  await tell(() => store.get(0)) // what was there has been checked
} else {
  const onProgress = ({ type }: { type: string }) => {
    if (type === 'step') truncateSync(path, page)
  }
  await tell(() => trained({ ...tiny, data: `pack:${path}`, out, onProgress }))
}
