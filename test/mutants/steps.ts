/** Mistakes in how a step is cut into chunks, sizes, threads and ranks. */
import type { Mutant } from './mutant.ts'

const chunks = 'test/learn/chunks.test.ts'
const inChunks = 'native/core/learn/cached_gradient.cc'

export const stepMutants: readonly Mutant[] = [
  {
    trap: 'accumulation',
    mistake: 'the gradient of the last chunk alone',
    file: inChunks,
    from: 'replicas_->begin(chunk == 0, last);',
    to: 'replicas_->begin(true, last);',
    test: chunks,
  },
  {
    trap: 'accumulation',
    mistake: 'rows joined view after view, cut chunk after chunk',
    file: inChunks,
    from: '    for (const at::Tensor& rows : chunks) parts.push_back(rows.chunk(views, 0)[view]);',
    to: '    for (const at::Tensor& rows : chunks) parts.push_back(rows.chunk(views, 0)[views - 1 - view]);',
    test: chunks,
  },
  {
    trap: 'accumulation',
    mistake: 'running statistics that move by every chunk',
    file: inChunks,
    from: '      buffers_[i].copy_(before_[i]);\n',
    to: '',
    test: chunks,
    grep: 'running statistics',
  },
  {
    trap: 'beyond',
    mistake: 'with more than two views the sum over partners instead of their mean',
    file: 'native/core/loss/contrast_strips.cc',
    from: '            .sum() /\n        (views - 1));',
    to: '            .sum());',
    test: 'test/ops/nt_xent.test.ts',
    grep: 'more than two views',
  },
  {
    trap: 'beyond',
    mistake: 'small views an epoch too long',
    file: 'lib/config/schedule.ts',
    from: '({ until }) => share < until)',
    to: '({ until }) => share <= until)',
    test: 'test/config/schedule.test.ts',
  },
  {
    trap: 'color',
    mistake: 'fast hue in the other direction',
    file: 'native/core/image/color.h',
    from: 'const float angle = 6.2831853f * turns,',
    to: 'const float angle = -6.2831853f * turns,',
    test: 'test/augment/hue.test.ts',
  },
  {
    trap: 'beyond',
    mistake: 'a first step with as many threads as another thread has set',
    file: 'native/core/machine/own_threads.cc',
    from: "  at::internal::lazy_init_num_threads();  // this library's copy\n",
    to: '',
    test: 'test/machine/own-threads.test.ts',
  },
  {
    trap: 'beyond',
    mistake: 'gradients in shared memory scaled back by every rank',
    file: 'native/core/learn/replicas.cc',
    from: '  if (shared_) return shared_->scale(factor);\n',
    to: '',
    test: 'test/learn/loss-scale.test.ts',
    grep: 'go one process',
  },
  {
    trap: 'probe',
    mistake: 'kNN votes that overflow at a low temperature',
    file: 'native/core/evaluate/knn.cc',
    from: '((similarity - similarity.narrow(1, 0, 1)) / options.temperature)',
    to: '(similarity / options.temperature)',
    test: 'test/evaluate/native-probes.test.ts',
  },
]
