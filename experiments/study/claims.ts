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
  /** What may be behind it where these runs do not show the finding. */
  why: string
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
const leak = (whole: string, ...parts: string[]): Claim[] => [
  ...parts.map((part): Claim => ({ higher: part, lower: whole, measure: 'contrastive' })),
  ...parts.map((part): Claim => ({ higher: whole, lower: part, measure: 'knn' })),
]

export const topics: readonly Topic[] = [
  {
    factor: 'leak',
    title: 'The leak of local BatchNorm',
    paper:
      'With statistics of each device the network can tell a pair by them, as both views lie on one device: the contrastive ' +
      'task gets easier and the representation worse (§2.2). Here both views of 8 images of 256 are normalised ' +
      'together, as on 32 devices, and the honest way is hard: crops of 5 to 15 % of the image, which share little.',
    claims: leak('whole batch of 256', '32 parts of 8'),
    why:
      'After so few steps the representation of the whole batch is young itself, and seeds differ more than the leak takes ' +
      'from it; in longer trainings with smaller batches (next topic) it takes more.',
  },
  {
    factor: 'leak of 32',
    title: 'The leak in small batches',
    paper: 'The same with the parts of a batch of 32, of which there are only 4 or 8.',
    claims: leak('whole batch of 32', 'parts of 4', 'parts of 8'),
    why: 'Which of 4 or 8 parts of a batch a pair is in rules out few of its negatives, while statistics of 8 or 16 views are noisy.',
  },
  {
    factor: 'batch norm',
    title: 'BatchNorm of the whole batch or of each rank',
    paper:
      'The paper’s own augmentation, and real ranks of 8 or 4 of the 32 images, both views of an image on one rank.',
    claims: leak('whole batch of 32', 'each rank its 4 of 32', 'each rank its 8 of 32'),
    why:
      'With the paper’s augmentation the honest way to a pair is easy at this batch, ' +
      'and noisy statistics take more from it than the leak brings; the representation suffers all the same.',
  },
  {
    factor: 'negatives',
    title: 'Negatives from the whole batch or from each rank',
    paper: 'Negatives come from the whole batch; more of them are better (§5.2).',
    claims: [linear('whole batch of 32', 'each rank its 8 of 32')],
    why: '14 or 62 negatives: the paper has 510 and more.',
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
      linear('crop, colour', 'without colour'),
      linear('crop, colour', 'without crop'),
      linear('with blur', 'crop, colour'),
    ],
    why:
      'At 32 pixels there is little to blur: the paper leaves blur out on CIFAR-10 (B.9). Classes of scenes differ in fine ' +
      'textures, which blur takes away; and where most views are grey, pairs without crops are still told by shape, which ' +
      'is learnt sooner than what crops share.',
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
    why:
      'Passes so few make about a hundred steps and less of a batch of 1,024, a good part of them warm-up; the paper’s ' +
      'shortest training has over ten thousand. What more negatives bring, fewer steps take.',
  },
  {
    factor: 'training length',
    title: 'Longer training',
    paper: 'Longer training is better, as more negatives are seen (§5.2, figure 9).',
    claims: [linear('2 times the passes', 'all passes'), linear('all passes', '0.4 of the passes')],
    why: 'Trainings this short have hardly begun to tell images apart.',
  },
  {
    factor: 'depth',
    title: 'Deeper networks',
    paper:
      'Deeper and wider networks are better (§4.1, figure 7). That they gain more than under supervision is not tried here.',
    claims: [linear('ResNet-34', 'ResNet-18'), linear('ResNet-50', 'ResNet-34')],
    why:
      'Deeper networks are further from done after as many steps, as their contrastive accuracy says, and most of their ' +
      'layers have a single pixel to look at (8x8 after the stem).',
  },
]
