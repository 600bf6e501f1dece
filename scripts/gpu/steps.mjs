/** What is run on a GPU, in order. */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { findCompiler } from '../bootstrap/cuda.mjs'

const mocha = (...args) => [
  process.execPath,
  'node_modules/mocha/bin/mocha.js',
  '--timeout',
  '500000',
  ...args,
]
const simclr = (...args) => [process.execPath, '--import', 'tsx', 'lib/cli/main.ts', ...args]

/** `makes`: what later steps need; where it is gone, the step runs again. */
export function testSteps({ folder }) {
  const run = path.join(folder, 'gpu-run')
  const sanitizer = spawnSync('compute-sanitizer', ['--version']).status === 0
  const checked = (tool) => ({
    name: `sanitizer-${tool}`,
    about: `kernels under compute-sanitizer ${tool}`,
    skip: sanitizer ? null : 'compute-sanitizer is not there',
    command: [
      'compute-sanitizer',
      '--tool',
      tool,
      '--error-exitcode',
      '9',
      '--target-processes',
      'all',
      ...mocha('test/gpu/kernels.test.ts'),
    ],
  })
  const train = [
    '--data',
    'synthetic:scenes,count=4096,split=train',
    '--device',
    'cuda',
    '--arch',
    'resnet18',
    '--stem',
    'stride2',
    '--batch-size',
    '512',
    '--epochs',
    '8',
    '--seed',
    '1',
  ]
  return [
    {
      name: 'operations',
      about: 'GPU = CPU for every operation',
      command: mocha('test/gpu/operations.test.ts'),
    },
    {
      name: 'kernels',
      about: 'our kernels = LibTorch’s operations',
      command: mocha('test/gpu/kernels.test.ts'),
    },
    {
      name: 'graphs',
      about: 'steps replayed from a CUDA graph = steps that are not',
      command: mocha('test/gpu/graphs.test.ts', '--grep', '20 steps'),
    },
    {
      name: 'graph-inputs',
      about: 'each replay takes its own views, labels, learning rate and weights',
      command: mocha('test/gpu/graphs.test.ts', '--grep', '20 steps', '--invert'),
    },
    {
      name: 'golden',
      about: 'the golden numbers on the GPU',
      command: simclr('verify', '--golden', 'test/golden', '--device', 'cuda'),
    },
    checked('memcheck'),
    checked('racecheck'),
    {
      name: 'training',
      about: 'a run on synthetic scenes',
      command: simclr('train', ...train, '--out', run, '--json'),
      makes: path.join(run, 'encoder.safetensors'),
    },
    {
      name: 'evaluation',
      about: 'its encoder',
      command: simclr(
        'eval',
        '--encoder',
        run,
        '--data',
        'synthetic:scenes,count=4096,split=train',
        '--test',
        'synthetic:scenes,count=4096,split=test',
        '--probe',
        'knn',
        '--json',
        '--device',
        'cuda',
      ),
    },
  ]
}

export function benchSteps({ folder }) {
  const program = path.join(folder, 'gpu-kernels')
  const sources = [
    'loss/contrast_kernels',
    'nn/batch_norm_kernels',
    'optim/update_kernels',
    'augment/view_kernels',
  ]
  const nvcc = findCompiler() ?? 'nvcc'
  const build = [
    nvcc,
    '-std=c++20',
    '-O3',
    '-Inative',
    '--expt-relaxed-constexpr',
    '-arch=native',
    'bench/gpu/kernels.cu',
    ...sources.map((name) => `native/cuda/${name}.cu`),
    '-o',
    program,
  ]
  const step = (name, ...args) => ({
    name,
    about: `a training step: ${args.join(' ')}`,
    command: [process.execPath, '--import', 'tsx', 'bench/gpu/step.ts', '--name', name, ...args],
  })
  return [
    { name: 'kernels-build', about: `nvcc, for this GPU`, command: build, makes: program },
    {
      name: 'kernels',
      about: 'NT-Xent, BatchNorm, LARS and views alone',
      command: [program],
      skip: fs.existsSync(build[0]) || findCompiler() ? null : 'nvcc is not there',
    },
    ...['off', 'must'].flatMap((graph) => {
      const name = (what) => `step-${what}${graph === 'off' ? '' : '-graph'}`
      const r18 = ['--arch', 'resnet18', '--stem', 'cifar', '--size', '32', '--graph', graph]
      const r50 = ['--arch', 'resnet50', '--stem', 'imagenet', '--size', '224', '--graph', graph]
      return [
        step(name('r18-cifar-128'), ...r18, '--batch', '128'), // small: launches weigh most
        step(name('r18-cifar'), ...r18, '--batch', '1024'),
        step(name('r50-224'), ...r50, '--batch', '256'),
      ]
    }),
  ]
}
