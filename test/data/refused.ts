import type { SimclrError } from '../../lib/addon/errors.ts'
import { type DataInput, open } from '../../lib/data/open.ts'
import { rejection } from '../support/rejection.ts'

/** The error with which `data` cannot be opened. */
export async function refused(data: DataInput): Promise<SimclrError> {
  return (await rejection(open(data))) as SimclrError
}
