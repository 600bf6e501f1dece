/** What follows from an objective. */
import { expected, invalid } from './messages.ts'
import type { ResolvedConfig } from './resolved.ts'

/** Is it a classifier that is trained, with the encoder under it? */
export function trainsClassifier({ objective }: Pick<ResolvedConfig, 'objective'>): boolean {
  return objective === 'supervised' || objective === 'distill'
}

/** Is there a linear head: the classifier that is trained, or the online one? */
export function hasLinearHead(config: ResolvedConfig): boolean {
  return trainsClassifier(config) || config.probe.linearHead
}

/** Do steps look at the images' labels? */
export function learnsLabels(config: ResolvedConfig): boolean {
  return config.objective === 'distill' ? config.distillation.weight < 1 : hasLinearHead(config)
}

/** What to do about images without labels; `why`: their source's reason, where it knows. */
export function noLabels(why: string | null | undefined): string {
  const because = why == null ? '' : `: ${why}`
  return `The images have no labels${because}. Class folders or a labelled format give them.`
}

/** What the images that are trained on are to an objective. */
interface Labels {
  labelled: boolean
  whyUnlabelled?: string | null
}

/** What an objective needs, and what it has no use for. Throws ERR_SIMCLR_INVALID_ARGUMENT. */
export function checkObjective(config: ResolvedConfig, { labelled, whyUnlabelled }: Labels): void {
  const { objective, views, chunkSize, probe, head, teacher, distillation, fineTuneAfterBlock } = config
  const { labelSmoothing, optimizer } = config
  const isStudent = objective === 'distill'
  if (isStudent && teacher === null) {
    const advice = "Name the run of preset 'fine-tune' that it learns from."
    throw invalid(
      expected("a fine-tuned encoder, as the objective 'distill' needs it,", 'teacher', null, advice),
    )
  }
  if (!isStudent && teacher !== null) {
    const advice = "Leave it out, or set `objective` to 'distill'."
    throw invalid(expected(`null where the objective is '${objective}'`, 'teacher', teacher, advice))
  }
  if (objective === 'contrastive') {
    if (head.keep > 0) {
      const advice =
        "Kept layers are for a classifier to stand on: set `objective` to 'supervised' or 'distill'."
      throw invalid(expected("0 where the objective is 'contrastive'", 'head.keep', head.keep, advice))
    }
    if (fineTuneAfterBlock >= 0) {
      const advice =
        "NT-Xent trains the whole encoder: set `objective` to 'supervised' or 'distill', or leave it out."
      throw invalid(
        expected("-1 where the objective is 'contrastive'", 'fineTuneAfterBlock', fineTuneAfterBlock, advice),
      )
    }
    if (labelSmoothing > 0) {
      const advice = "NT-Xent has no labels: set `objective` to 'supervised', or leave it out."
      throw invalid(
        expected("0 where the objective is 'contrastive'", 'labelSmoothing', labelSmoothing, advice),
      )
    }
    if (optimizer.encoderLr !== null) {
      const { encoderLr } = optimizer
      const advice =
        "`optimizer.lr` is the encoder's: set `objective` to 'supervised' or 'distill', or leave it out."
      throw invalid(
        expected("null where the objective is 'contrastive'", 'optimizer.encoderLr', encoderLr, advice),
      )
    }
    if (views >= 2) return
    throw invalid(
      expected('at least 2', 'views', views, 'Views are contrasted; other objectives need but one.'),
    )
  }
  if (head.keep > 0 && head.keep >= head.layers) {
    const advice = 'What the last layer puts out is not for a classifier to stand on.'
    throw invalid(expected(`fewer than the head's ${head.layers} layers`, 'head.keep', head.keep, advice))
  }
  if (!labelled && learnsLabels(config)) {
    const advice = noLabels(whyUnlabelled)
    if (isStudent) throw invalid(expected('1', 'distillation.weight', distillation.weight, advice))
    throw invalid(expected("'contrastive'", 'objective', objective, advice))
  }
  if (chunkSize !== null) {
    const advice = "Chunks are for NT-Xent's whole batch. Lower `batchSize`, or set `recompute`."
    throw invalid(expected(`null where the objective is '${objective}'`, 'chunkSize', chunkSize, advice))
  }
  if (probe.linearHead) {
    const advice = 'The classifier is what is trained, with the encoder.'
    throw invalid(expected(`false where the objective is '${objective}'`, 'probe.linearHead', true, advice))
  }
}
