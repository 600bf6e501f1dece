/** What the paper says of each factor, as comparisons that the results can answer. */
import type { Result } from './measure.ts'

export type Measure = 'linear' | 'knn' | 'contrastive'

export interface Claim {
  higher: string
  lower: string
  measure: Measure
}

export interface Topic {
  factor: string
  title: string
  /** The paper's finding, and where it stands. */
  paper: string
  claims: readonly Claim[]
}

export const measures: Readonly<Record<Measure, { name: string; of: (result: Result) => number }>> = {
  linear: { name: 'linear on h', of: ({ h }) => h.linear },
  knn: { name: 'kNN on h', of: ({ h }) => h.knn },
  contrastive: {
    name: 'contrastive accuracy in training',
    of: ({ contrastiveAccuracy }) => contrastiveAccuracy,
  },
}

const linear = (higher: string, lower: string): Claim => ({ higher, lower, measure: 'linear' })

/** Statistics of parts make the contrastive task easier and the representation worse than those of the whole batch. */
const leak = (...parts: string[]): Claim[] => [
  ...parts.map((part): Claim => ({ higher: part, lower: 'whole batch of 32', measure: 'contrastive' })),
  ...parts.map((part): Claim => ({ higher: 'whole batch of 32', lower: part, measure: 'knn' })),
]

export const topics: readonly Topic[] = [
  {
    factor: 'batch norm',
    title: 'BatchNorm of the whole batch or of each rank',
    paper:
      'With statistics of each device the network can tell a pair by them: the contrastive task gets easier and the ' +
      'representation worse (§2.2). Both views of an image lie on one rank here, as there.',
    claims: leak('each rank its 4 of 32', 'each rank its 8 of 32'),
  },
  {
    factor: 'leak',
    title: 'BatchNorm of the whole batch or of its parts, where views share little',
    paper:
      'The same leak where the honest way is hard: crops of 5 to 15 % of the image instead of 8 to 100 %. What tells ' +
      'a pair is then the statistics of its part, and the network learns to tell parts.',
    claims: leak('parts of 4', 'parts of 8'),
  },
  {
    factor: 'negatives',
    title: 'Negatives from the whole batch or from each rank',
    paper: 'Negatives come from the whole batch; more of them are better (§5.2).',
    claims: [linear('whole batch of 32', 'each rank its 8 of 32')],
  },
  {
    factor: 'augmentation',
    title: 'Augmentation taken away',
    paper:
      'Crop and colour distortion are what it takes; blur helps a little on ImageNet (§3.2, figure 5, table 1).',
    claims: [
      linear('crop, colour, blur', 'without colour'),
      linear('crop, colour, blur', 'without crop'),
      linear('crop, colour, blur', 'without blur'),
    ],
  },
  {
    factor: 'batch size',
    title: 'Batch size at equal image passes',
    paper:
      'With few epochs larger batches are better (§5.2, figure 9); the square-root rule helps them (B.1).',
    claims: [
      linear('256, lr linear', '64, lr linear'),
      linear('1024, lr linear', '256, lr linear'),
      linear('1024, lr by root', '1024, lr linear'),
    ],
  },
  {
    factor: 'training length',
    title: 'Longer training',
    paper: 'Longer training is better, as more negatives are seen (§5.2, figure 9).',
    claims: [linear('2 times the passes', 'all passes'), linear('all passes', '0.4 of the passes')],
  },
  {
    factor: 'depth',
    title: 'Deeper networks',
    paper: 'Bigger networks gain more than under supervision (§4.1, figure 7).',
    claims: [linear('ResNet-34', 'ResNet-18'), linear('ResNet-50', 'ResNet-34')],
  },
]
