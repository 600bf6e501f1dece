/** Options that are images. */
import type { DataInput } from '../data/open.ts'
import { instance } from './option.ts'

/** Images, named or in memory. */
export const dataInput = instance<DataInput>(
  "a path, 'kind:path' or a data source",
  (value) => (typeof value === 'string' && value !== '') || (typeof value === 'object' && value !== null),
  'path',
)

/** Can other processes and later runs read them, if there are any? A source in memory is this process's alone. */
export function isNamed(data: DataInput | null | undefined): data is string | null | undefined {
  return typeof data !== 'object' || data === null
}
