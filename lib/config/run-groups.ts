/** The nested groups of `train()`'s options that say how a run goes, not what is learnt; see options.ts. */
import { knnDefaults } from '../evaluate/probes.ts'
import { dataInput } from './data-input.ts'
import { choice, group, integer, nullOr, option, positive, real, yesNo } from './option.ts'

export const distributed = group('runs of several processes', {
  syncBatchNorm: option(yesNo(), {
    about: "BatchNorm over the whole batch; false: over each process's part, which gives pairs away.",
    default: 'true',
    source: '§2.2',
    flag: 'sync-bn',
  }),
  globalNegatives: option(yesNo(), {
    about: "Negatives from the whole batch; false: from each process's part.",
    default: 'true',
    source: 'tf2/objective.py',
    flag: 'global-negatives',
  }),
  compressGradients: option(yesNo(), {
    about: 'Gradients travel between processes as bf16.',
    default: 'false',
    flag: 'compress-gradients',
  }),
  timeoutSeconds: option(positive(), {
    about:
      'How long a process waits for the others, to appear and in any step, before the run fails; for one that reads images, validates or writes the others wait as long as it lives.',
    default: '600',
    mayChange: true,
    perRank: true,
    unit: 'seconds',
  }),
})

export const probe = group('online probe', {
  everyEpochs: option(integer(0), {
    about: 'kNN accuracy on labelled images every so many epochs; 0: never.',
    default: "1 where there are labels; 0 where the objective is 'supervised' or 'distill'",
    mayChange: true,
    unit: 'epochs',
  }),
  images: option(integer(10), {
    about: 'Images the kNN probe looks at, a fifth of them as queries.',
    default: '5000',
    mayChange: true,
    unit: 'images',
  }),
  k: option(integer(1), { about: 'Neighbours that vote.', default: String(knnDefaults.k), mayChange: true }),
  temperature: option(real(1e-6), {
    about: 'Votes weigh exp(similarity / temperature).',
    default: String(knnDefaults.temperature),
    mayChange: true,
  }),
  linearHead: option(yesNo(), {
    about:
      'Trains a linear classifier on stop-gradient features beside the encoder, which it does not change.',
    default: 'false',
    source: 'tf2/run.py',
  }),
})

export const validation = group('validation on held-out images', {
  data: option(nullOr(dataInput), {
    about:
      'Labelled images, as `data` takes them, that are not trained on; the encoder that does best on them is kept as best.safetensors (docs/runs.md). Null: no validation.',
    default: 'null',
    mayChange: true,
    perRank: true,
    flag: 'validation',
  }),
  metric: option(choice(['knn', 'linear', 'classifier']), {
    about:
      "What does best: a kNN or linear probe that learns from labelled images trained on (without labels there: from four fifths of the held-out ones), or the classifier where the objective is 'supervised' or 'distill'.",
    default: "'knn', 'classifier' where the objective is 'supervised' or 'distill'",
    mayChange: true,
  }),
  everyEpochs: option(integer(1), {
    about: 'Epochs from one validation to the next; the last epoch has one, too.',
    default: '1',
    mayChange: true,
    unit: 'epochs',
  }),
  patience: option(nullOr(integer(1)), {
    about:
      'Ends the run after so many validations in a row without a better one; null: it trains to its end.',
    default: 'null',
    mayChange: true,
    flag: 'patience',
  }),
})

export const checkpoint = group('checkpoint', {
  everySeconds: option(nullOr(positive()), {
    about: 'Seconds between checkpoints; null: not by time.',
    default: '600',
    mayChange: true,
    perRank: true,
    unit: 'seconds',
  }),
  everySteps: option(nullOr(integer(1)), {
    about: 'Steps between checkpoints; null: not by steps.',
    default: 'null',
    mayChange: true,
    perRank: true,
    unit: 'steps',
  }),
  everyEpochs: option(nullOr(integer(1)), {
    about: 'Epochs between checkpoints; null: not by epochs.',
    default: 'null',
    mayChange: true,
    perRank: true,
    unit: 'epochs',
  }),
  keep: option(integer(1), {
    about: 'Newest checkpoints that are kept.',
    default: '2',
    mayChange: true,
    perRank: true,
  }),
})
