import { createHash } from 'node:crypto'
import { setImmediate } from 'node:timers/promises'
import type { NativeTensor } from '../addon/interface.ts'

/** Hashed between two turns of the event loop. */
const chunkBytes = 4 << 20

/** Whether the metadata's `sha256` is that of the rest; not where there is none. */
export async function isIntact(
  tensors: readonly NativeTensor[],
  { sha256, ...covered }: Readonly<Record<string, string>>,
): Promise<boolean> {
  return sha256 !== undefined && (await checksum(tensors, covered)) === sha256
}

/** SHA-256 over names, types, shapes, bytes and metadata, without holding up the event loop. */
export async function checksum(
  tensors: readonly NativeTensor[],
  metadata: Readonly<Record<string, string>> = {},
): Promise<string> {
  const hash = createHash('sha256')
  hash.update(JSON.stringify(Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1))))
  let since = 0
  for (const { name, dtype, shape, data } of tensors) {
    hash.update(JSON.stringify([name, dtype, shape]))
    for (let start = 0; start < data.byteLength; start += chunkBytes) {
      const chunk = data.subarray(start, start + chunkBytes)
      hash.update(chunk)
      since += chunk.byteLength
      if (since < chunkBytes) continue
      since = 0
      await setImmediate()
    }
  }
  return hash.digest('hex')
}
