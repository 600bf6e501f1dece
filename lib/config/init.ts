/** What follows from the encoder that a run begins with. */
import type { Convention, EncoderSpec } from '../addon/interface.ts'
import type { Layer } from './layers.ts'
import { expected, invalid } from './messages.ts'
import type { ResolvedConfig } from './resolved.ts'

/** The encoder that `init` names, without its weights. */
export interface Init {
  path: string
  spec: EncoderSpec
  preprocessing: {
    imageSize: number
    /** Resampling. */
    convention: Convention
    normalize: { mean: [number, number, number]; std: [number, number, number] } | null
  }
  /** Its projection head, where layers of it are kept; else null. */
  head: { layers: number; hidden: number; convention: Convention } | null
}

/** Its architecture, and images prepared as it knows them. */
export function initLayer({ path, spec, preprocessing, head }: Init): Layer {
  const { imageSize, convention, normalize } = preprocessing
  const { mean, std } = normalize ?? { mean: null, std: null }
  const values = { imageSize, encoder: spec, augment: { convention, mean, std } }
  return { by: 'init', why: `init ${path}`, values: head ? { ...values, head } : values }
}

/** Weights fit one architecture: throws ERR_SIMCLR_INVALID_ARGUMENT naming an option that asks for another. */
export function requireOwn({ path, spec, head }: Init, config: ResolvedConfig): void {
  const require = (name: string, own: unknown, asked: unknown) => {
    if (asked === own) return
    const advice = 'Leave it out: the weights that training begins with have their architecture.'
    throw invalid(expected(`${own}, as ${path} has it,`, name, asked, advice))
  }
  for (const [name, own] of Object.entries(spec))
    require(`encoder.${name}`, own, config.encoder[name as keyof EncoderSpec])
  if (head) require('head.hidden', head.hidden, config.head.hidden)
}
