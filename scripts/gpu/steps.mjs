/**
 * What is run on a GPU, what matters most first. A step has
 *   name, about, command
 *   sources   what its outcome depends on beside native/ and lib/
 *   images    what it learns from, in words: its outcome depends on them too
 *   env       for it alone
 *   tests     true: it is mocha, and no test that passed is a failure
 *   least     { figure, value }: the last line of JSON that has the figure must have so much, or the step has failed
 *   makes     what later steps that have its name in `needs` find; where it is gone, the step runs again for them
 *   clears    a folder that must not be there before
 *   skip      why it cannot run here, or null
 *   unable    matches what it says where it turns out that it cannot run here
 */
import { spawnSync } from 'node:child_process'
import path from 'node:path'
import { root } from '../bootstrap/run.mjs'
import { imagesOf } from './images.mjs'

const mochaCommand = (...args) => [
  process.execPath,
  'node_modules/mocha/bin/mocha.js',
  '--timeout',
  '240000',
  '--forbid-pending',
  ...args,
]
/**
 * cuDNN times its algorithms anew on every learner's thread: of many small learners that is most of the time, so
 * that tests go without. Training times them.
 */
const UNTIMED = { SIMCLR_CUDNN_TIMING: 'off' }
const mocha = (name, about, ...args) => ({
  name,
  about,
  command: mochaCommand(...args),
  sources: ['test/gpu', 'test/learn', 'test/support'],
  env: UNTIMED,
  tests: true,
})
const simclr = (...args) => [
  process.execPath,
  '--import',
  'tsx',
  'lib/cli/main.ts',
  ...args,
  '--device',
  'cuda',
]

/** Small: the tensor cores' kernels, and one step with views, BatchNorm and LARS by our kernels. */
const SANITIZED = 'NT-Xent of 130 rows of 40, bf16|views of 16 px, paper'

/** `folder`: the addon's; `gpus`: how many there are; `cifar`: a folder of it, or undefined (images.mjs). */
export function testSteps({ folder, gpus, cifar }) {
  const images = imagesOf(cifar)
  const below = (name) => path.join(path.relative(root, folder), name)
  const [run, tuned, small] = ['gpu-run', 'gpu-tuned', 'gpu-distilled'].map(below)
  return [
    mocha('kernels', 'our kernels = LibTorch’s operations', 'test/gpu/kernels.test.ts'),
    mocha('operations', 'GPU = CPU for every operation', 'test/gpu/operations.test.ts'),
    {
      name: 'golden',
      about: 'the golden numbers on the GPU',
      command: simclr('verify', '--golden', 'test/golden'),
      sources: ['test/golden'],
      env: UNTIMED,
    },
    mocha(
      'graphs',
      'steps replayed from a CUDA graph = steps that are not',
      'test/gpu/graphs.test.ts',
      '--grep',
      '20 steps',
    ),
    mocha(
      'graph-inputs',
      'each replay takes its own views, labels, learning rate and weights',
      'test/gpu/graphs.test.ts',
      '--grep',
      '20 steps',
      '--invert',
    ),
    mocha(
      'distillation',
      'a teacher: GPU = CPU, and a CUDA graph = eager steps',
      'test/gpu/supervised.test.ts',
      '--grep',
      'distillation',
    ),
    mocha(
      'frozen-groups',
      'frozen groups: GPU = CPU, and untouched by a CUDA graph',
      'test/gpu/supervised.test.ts',
      '--grep',
      'frozen groups',
    ),
    mocha('embedding', 'features and linear probe: GPU = CPU', 'test/gpu/encoder.test.ts'),
    mocha('nccl', 'one rank through NCCL = none', 'test/gpu/nccl.test.ts', '--grep', 'one rank'),
    {
      ...mocha('nccl-two', 'two ranks on two GPUs = one', 'test/gpu/nccl.test.ts', '--grep', 'two ranks'),
      skip: gpus < 2 ? 'there is one GPU here' : null,
    },
    {
      name: 'training',
      about: `a run on ${images.name}, recorded as a CUDA graph`,
      images: images.name,
      command: simclr(
        ...['train', ...images.recipe, '--data', images.train, '--seed', '1', '--out', run, '--json'],
        ...['--cuda-graph', 'true'], // 'auto' would only warn where recording fails
      ),
      makes: path.join(run, 'encoder.safetensors'),
      clears: run,
    },
    {
      name: 'evaluation',
      about: 'its encoder, by the nearest neighbours of images it has not seen',
      images: images.name,
      command: simclr(
        ...['eval', '--encoder', run, '--data', images.train, '--test', images.test],
        ...['--probe', 'knn', '--json'],
      ),
      least: { figure: 'accuracy', value: images.least },
      needs: ['training'],
    },
    {
      name: 'linear-evaluation',
      about: 'its encoder, by a linear probe',
      images: images.name,
      command: simclr(
        ...['eval', '--encoder', run, '--data', images.train, '--test', images.test],
        ...['--probe', 'linear', '--json'],
      ),
      least: { figure: 'accuracy', value: images.least },
      needs: ['training'],
    },
    {
      name: 'fine-tuning',
      about: 'its encoder with a classifier on it, supervised',
      images: images.name,
      command: simclr(
        ...['train', '--preset', 'fine-tune', '--init', run, '--data', images.train],
        ...['--test', images.test, '--epochs', '4', '--seed', '1', '--out', tuned, '--json'],
      ),
      makes: path.join(tuned, 'encoder.safetensors'),
      needs: ['training'],
      clears: tuned,
    },
    {
      name: 'distilling',
      about: 'that network as the teacher of a narrower one',
      images: images.name,
      command: simclr(
        ...['train', '--objective', 'distill', '--teacher', tuned, '--width', '0.25'],
        ...['--data', images.train, '--test', images.test],
        ...['--epochs', '2', '--seed', '1', '--out', small, '--json'],
      ),
      needs: ['fine-tuning'],
      clears: small,
    },
    sanitized('memcheck'),
    sanitized('racecheck'),
  ]
}

/** Of our kernels alone: LibTorch's, hundreds of times slower under it, are not ours to check. */
function sanitized(tool) {
  const options = ['--kernel-name', 'kns=simclr', '--report-api-errors', 'no', '--error-exitcode', '9']
  const there = spawnSync('compute-sanitizer', ['--version']).status === 0
  const tests = mochaCommand('test/gpu/kernels.test.ts', '--grep', SANITIZED)
  return {
    ...mocha(`sanitizer-${tool}`, `kernels under compute-sanitizer ${tool}`),
    command: ['compute-sanitizer', '--tool', tool, '--target-processes', 'all', ...options, ...tests],
    skip: there ? null : 'compute-sanitizer is not there',
    unable: /Device not supported/,
  }
}
