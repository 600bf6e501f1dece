/** The encoder that a command names. */
import type { LoadOptions } from '../config/encoder-options.ts'
import { Encoder } from '../encoder.ts'
import { foreignNote } from '../weights/foreign-keys.ts'
import { say } from './output.ts'

/** Loads it, and says what of a file that others have written was taken and what not. */
export async function loadEncoder(path: string, options: LoadOptions): Promise<Encoder> {
  const encoder = await Encoder.load(path, options)
  const note = encoder.foreign && foreignNote(path, encoder.spec, encoder.foreign)
  if (note) say(`Note: ${note}`)
  return encoder
}
