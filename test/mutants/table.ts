/**
 * Mutants: the mistakes that SimCLR implementations make (and some made here while writing this one), each as
 * one replacement in one file, with the test that must notice. `npm run test:mutants` puts each into a copy of
 * the tree, builds it and requires that test to fail.
 */

export interface Mutant {
  /** What goes wrong, as its users would put it. */
  trap: string
  file: string
  /** Occurs exactly once in the file. */
  from: string
  to: string
  /** Test file that must fail, and which of its tests are run. */
  test: string
  grep?: string
}

const ntXent = 'test/ops/nt_xent.test.ts'
const golden = 'test/verify/golden.test.ts'
const learner = 'test/learn/learner.test.ts'
const draws = 'test/augment/draws.test.ts'
const views = 'test/augment/views.test.ts'
const operators = 'test/augment/golden.test.ts'

export const mutants: Mutant[] = [
  // ---- loss
  {
    trap: "gather without gradient: what others' rows pull is left out",
    file: 'native/core/loss/contrast_strips.cc',
    from: '    weights.addcmul_(exponentials(s, column_shift, t), column_inverse);\n',
    to: '    weights.add_(weights);\n',
    test: ntXent,
    grep: 'across replicas',
  },
  {
    trap: 'gradient divided by the number of ranks',
    file: 'native/core/loss/nt_xent.cc',
    from: 'result.gradient.mul_(options.scale / (2 * images * options.temperature));',
    to: 'result.gradient.mul_(options.scale / (2 * images * options.temperature * group.size()));',
    test: ntXent,
    grep: 'across replicas',
  },
  {
    trap: 'gradient divided by the number of ranks, seen from the network',
    file: 'native/core/loss/nt_xent.cc',
    from: 'result.gradient.mul_(options.scale / (2 * images * options.temperature));',
    to: 'result.gradient.mul_(options.scale / (2 * images * options.temperature * group.size()));',
    test: learner,
    grep: 'a batch shared by shards is one batch',
  },
  {
    trap: 'wrong rank offset in targets and mask',
    file: 'native/core/loss/nt_xent.cc',
    from: 'all.select(1, 2 * dim).lt(group.rank()).sum()',
    to: 'all.select(1, 2 * dim).lt(0).sum()',
    test: ntXent,
    grep: 'across replicas',
  },
  {
    trap: 'a row stays among its own negatives',
    file: 'native/core/loss/contrast_tiles.cc',
    from: '        s = rows_.kLowest;\n',
    to: '        if (u != v) s = rows_.kLowest;\n',
    test: ntXent,
    grep: 'ln\\(2B - 1\\)',
  },
  {
    trap: 'the partner is dropped from the denominator',
    file: 'native/core/loss/contrast_rows.h',
    from: 'const double total = sum[row] + own;',
    to: 'const double total = sum[row] > 0 ? sum[row] : own;',
    test: ntXent,
    grep: 'naive double loop',
  },
  {
    trap: "the paper's loss halved (mean over rows instead of the sum of both directions)",
    file: 'lib/ops/loss.ts',
    from: "scale: convention === 'paper' ? 2 : 1",
    to: 'scale: 1',
    test: 'test/ops/ops.test.ts',
    grep: 'default convention',
  },
  {
    trap: 'loss in half precision',
    file: 'native/core/loss/nt_xent.cc',
    from: 'const at::Tensor values = z.detach();',
    to: 'const at::Tensor values = z.scalar_type() == at::kFloat ? z.detach().to(at::kBFloat16).to(at::kFloat) : z.detach();',
    test: golden,
    grep: 'ntxent_paper',
  },
  {
    trap: 'no running maximum at low temperature',
    file: 'native/core/loss/contrast_tiles.cc',
    from: 'options.unit_length && options.temperature >= kLowestOneShiftTemperature',
    to: 'options.unit_length',
    test: ntXent,
    grep: 'in float32',
  },
  {
    trap: 'contrastive accuracy over all rows instead of the second views',
    file: 'native/core/loss/contrast_strips.cc',
    from: 'hits.push_back(pairs.argmax(1).eq(image.narrow(0, row, rows)).sum());',
    to: 'hits.push_back((s.argmax(1) - images).eq(image.narrow(0, row, rows)).sum());',
    test: ntXent,
    grep: 'naive double loop',
  },
  {
    trap: 'a tile of similarities taken twice, another never',
    file: 'native/core/loss/tile_schedule.h',
    from: 'const int64_t b = (phase - k + circle) % circle;',
    to: 'const int64_t b = (phase - k + 1 + circle) % circle;',
    test: ntXent,
    grep: 'naive double loop',
  },
  // ---- optimizer
  {
    trap: 'LARS adapts and decays batch normalisation and biases',
    file: 'native/core/optim/lars.cc',
    from: 'return excluded ? lr : lr * paper_trust(weight, gradient, spec_.trust_coefficient);',
    to: 'return lr * paper_trust(weight, gradient, spec_.trust_coefficient);',
    test: golden,
    grep: 'lars_paper',
  },
  {
    trap: 'LARS without weight decay in the gradient norm',
    file: 'native/core/optim/lars.cc',
    from: 'chunk_squares_[i] = squares(slice, paper ? decay(chunk.tensor) : 0);',
    to: 'chunk_squares_[i] = squares(slice, 0);',
    test: golden,
    grep: 'lars_paper',
  },
  {
    trap: 'an epsilon in the trust ratio',
    file: 'native/core/optim/lars_math.h',
    from: 'eta * weight_norm / gradient_norm : 1;',
    to: 'eta * weight_norm / (gradient_norm + 1e-3) : 1;',
    test: golden,
    grep: 'lars_paper',
  },
  {
    trap: 'a trust ratio of 0 for a zero weight, which then never moves',
    file: 'native/core/optim/lars_math.h',
    from: 'weight_norm > 0 && gradient_norm > 0 ? eta',
    to: 'gradient_norm > 0 ? eta',
    test: golden,
    grep: 'lars_paper',
  },
  {
    trap: 'learning rate outside the momentum buffer',
    file: 'native/core/optim/lars_math.h',
    from: 'const T step = rate * (gradient + decay * weight);\n  momentum = coefficient * momentum + step;\n  weight -= nesterov ? coefficient * momentum + step : momentum;',
    to: 'const T step = gradient + decay * weight;\n  momentum = coefficient * momentum + step;\n  weight -= rate * (nesterov ? coefficient * momentum + step : momentum);',
    test: golden,
    grep: 'lars_paper',
  },
  {
    trap: "torch's LARS decays where a norm is 0",
    file: 'native/core/optim/lars.cc',
    from: 'torch_update(slice, 0, 1, lr, options);',
    to: 'torch_update(slice, spec_.weight_decay, 1, lr, options);',
    test: golden,
    grep: 'lars_torch',
  },
  // ---- schedule
  {
    trap: 'schedule off by one step',
    file: 'lib/config/schedule.ts',
    from: "(settings.convention === 'paper' ? step : step + 1)",
    to: '(step + 1)',
    test: golden,
    grep: 'lr_paper',
  },
  {
    trap: 'total steps from whole epochs',
    file: 'lib/config/schedule.ts',
    from: 'Math.floor((images * epochs) / batchSize) + 1',
    to: 'epochs * Math.floor(images / batchSize) + 1',
    test: golden,
    grep: 'lr_paper',
  },
  // ---- networks
  {
    trap: 'batch normalisation over the own shard only: statistics leak which pairs belong together',
    file: 'native/core/nn/batch_norm.cc',
    from: 'if (group.size() == 1) return {mean, m2 / static_cast<double>(rows), rows};',
    to: 'return {mean, m2 / static_cast<double>(rows), rows};',
    test: learner,
    grep: 'a batch shared by shards is one batch',
  },
  {
    trap: "backward without the other shards' share of the statistics' gradient",
    file: 'native/core/nn/batch_norm.cc',
    from: 'group->all_reduce_sum(at::stack({local.g, local.gx}))',
    to: '(at::stack({local.g, local.gx}) * static_cast<double>(group->size()))',
    test: learner,
    grep: 'a batch shared by shards is one batch',
  },
  {
    trap: 'running variance unbiased in the paper convention',
    file: 'native/core/models/resnet.cc',
    from: 'build.norm.unbiased_running = spec.convention == Convention::kTorch;',
    to: 'build.norm.unbiased_running = true;',
    test: golden,
    grep: 'resnet_paper_r18_cifar',
  },
  {
    trap: "the head's last normalisation has a shift",
    file: 'native/core/models/projection_head.cc',
    from: 'norm.shift = !(last && spec.convention == Convention::kPaper);',
    to: 'norm.shift = true;',
    test: golden,
    grep: 'resnet_paper_r18_cifar',
  },
  {
    trap: "torchvision's geometry in the paper convention (no projection in group 1)",
    file: 'native/core/models/resnet.cc',
    from: 'if (first && (spec.convention == Convention::kPaper || stride != 1 || in != out)) {',
    to: 'if (first && (stride != 1 || in != out)) {',
    test: golden,
    grep: 'resnet_paper_r18_cifar',
  },
  {
    trap: 'stem pooling pads both sides in the paper convention',
    file: 'native/core/nn/layers.cc',
    from: 'if (convention == Convention::kTorch) return at::max_pool2d',
    to: 'return at::max_pool2d',
    test: golden,
    grep: 'resnet_paper_r18_imagenet_odd',
  },
  {
    trap: 'a zero-initialised last scale is not 0 (paper)',
    file: 'native/core/models/resnet.cc',
    from: 'const double last_scale = spec.convention == Convention::kPaper ? 0 : 1;',
    to: 'const double last_scale = 1;',
    test: 'test/learn/init.test.ts',
  },
  {
    trap: 'the online linear head trains the encoder',
    file: 'native/core/models/simclr_network.cc',
    from: 'features.detach().to(kernel.scalar_type())',
    to: 'features.to(kernel.scalar_type())',
    test: learner,
    grep: 'the linear head changes no gradient',
  },
  {
    trap: "the supervised head's decay counted in full instead of half",
    file: 'native/core/learn/supervised_loss.cc',
    from: 'square().sum() * (weight_decay / 2)',
    to: 'square().sum() * weight_decay',
    test: golden,
    grep: 'trainsteps_paper',
  },
  // ---- augmentation
  {
    trap: 'both views of an image are augmented alike',
    file: 'native/core/augment/parameters.h',
    from: '{key.epoch, key.index, key.view, number}',
    to: '{key.epoch, key.index, 0, number}',
    test: draws,
    grep: 'for each view, image, epoch and seed',
  },
  {
    trap: 'the whole batch is augmented alike',
    file: 'native/core/augment/parameters.h',
    from: '{key.epoch, key.index, key.view, number}',
    to: '{key.epoch, 0, key.view, number}',
    test: views,
    grep: 'constant image are all distinct',
  },
  {
    trap: 'every epoch is augmented alike',
    file: 'native/core/augment/parameters.h',
    from: '{key.epoch, key.index, key.view, number}',
    to: '{0, key.index, key.view, number}',
    test: draws,
    grep: 'for each view, image, epoch and seed',
  },
  {
    trap: 'blur always on',
    file: 'native/core/augment/parameters.h',
    from: 'view.blur = uniform(switches.word[3]) < plan.blur->probability;',
    to: 'view.blur = true;',
    test: draws,
    grep: "at the family's rates",
  },
  {
    trap: 'blur on CIFAR-sized images',
    file: 'lib/augment/recipes.ts',
    from: 'return size <= smallImage ? 0 : 0.5',
    to: 'return 0.5',
    test: views,
    grep: 'is off in the CIFAR recipes',
  },
  {
    trap: 'a blur kernel of another width',
    file: 'lib/augment/lower.ts',
    from: '2 * Math.floor(Math.floor(size / 10) / 2) + 1',
    to: '2 * Math.floor(Math.floor(size / 10) / 2) + 3',
    test: views,
    grep: 'taps at',
  },
  {
    trap: 'contrast about the grey mean in the paper convention',
    file: 'native/core/augment/reference.cc',
    from: 'if (convention == Convention::kTorch) sum[1] = sum[2] = sum[0];',
    to: 'sum[1] = sum[2] = sum[0];',
    test: operators,
    grep: 'paper operators',
  },
  {
    trap: 'colour operators in a fixed order',
    file: 'native/core/augment/parameters.h',
    from: 'permutation(below(rest.word[0], 24), view.order);',
    to: 'permutation(0, view.order);',
    test: draws,
    grep: '24 orders',
  },
  {
    trap: 'hue as strong as brightness',
    file: 'lib/augment/recipes.ts',
    from: 'hue: 0.2 * s }',
    to: 'hue: 0.8 * s }',
    test: 'test/augment/lower.test.ts',
  },
]
