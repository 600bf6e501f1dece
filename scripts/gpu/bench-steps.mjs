/** What is measured on a GPU (steps.mjs says what a step has): the kernels alone, then training steps, peers beside them. */
import path from 'node:path'
import { findCompiler } from '../bootstrap/cuda.mjs'
import { root } from '../bootstrap/run.mjs'
import { imagesOf } from './images.mjs'

const KERNELS = [
  'loss/contrast_kernels',
  'loss/normalize_kernels',
  'nn/batch_norm_kernels',
  'optim/update_kernels',
  'augment/view_kernels',
]

/**
 * `folder`: the addon's; `capability`: the GPU's, as '9.0'; `peers`: { python } or { reason } (python.mjs); `cifar`: a folder of it,
 * or undefined (images.mjs).
 */
export function benchSteps({ folder, capability, peers, cifar }) {
  const program = path.join(path.relative(root, folder), 'gpu-kernels')
  const images = imagesOf(cifar)
  const nvcc = findCompiler()
  const noCompiler = nvcc === null ? 'nvcc is not there' : null
  const peer = (name, about, ...args) => ({
    name: `peer-${name}`,
    about: `eager PyTorch: ${about}`,
    command: [process.execPath, 'bench/gpu/peer.mjs', name, peers.python ?? '', ...args],
    sources: ['bench/gpu/peer.mjs', 'bench/peers'],
    skip: peers.reason ?? null,
  })
  const naive = (rows) =>
    peer(
      `ntxent-${rows}`,
      `NT-Xent of ${rows} rows`,
      'nt_xent.py',
      '--rows',
      `${rows}`,
      '--precision',
      'bf16',
    )
  return [
    {
      name: 'bench-kernels-build',
      about: 'nvcc, for this GPU',
      command: [
        ...[nvcc ?? 'nvcc', '-std=c++20', '-O3', '-Inative', '--expt-relaxed-constexpr'],
        ...[`-arch=sm_${capability.replace('.', '')}`, 'bench/gpu/kernels.cu'],
        ...[...KERNELS.map((name) => `native/cuda/${name}.cu`), '-o', program],
      ],
      sources: ['bench/gpu/kernels.cu'],
      makes: program,
      skip: noCompiler,
    },
    {
      name: 'bench-kernels',
      about: 'NT-Xent, LARS, BatchNorm and views alone',
      command: [program],
      sources: ['bench/gpu/kernels.cu'],
      needs: ['bench-kernels-build'],
      skip: noCompiler,
    },
    ...[1024, 8192, 65_536].map(naive),
    peer('lars-resnet50', 'LARS, tensor by tensor', 'lars_loop.py'),
    ...steps('r50-224', peer, { arch: 'resnet50', stem: 'imagenet', size: '224', batch: '256' }),
    ...steps('r18-cifar', peer, { arch: 'resnet18', stem: 'cifar', size: '32', batch: '1024' }),
    // Small: launches weigh most.
    ...steps('r18-cifar-128', peer, { arch: 'resnet18', stem: 'cifar', size: '32', batch: '128' }),
    {
      name: 'run-r18-cifar',
      about: 'a run of the preset cifar for a few epochs, and what 200 would take',
      command: [
        ...[process.execPath, '--import', 'tsx', 'bench/gpu/run.ts'],
        ...(cifar === undefined ? [] : ['--data', images.train]),
      ],
      sources: ['bench/gpu/run.ts'],
      images: images.name,
    },
  ]
}

/** A training step of this network as it is, as a CUDA graph, and the peer's. */
function steps(name, peer, options) {
  const args = Object.entries(options).flatMap(([option, value]) => [`--${option}`, value])
  const ours = (suffix, graph) => ({
    name: `step-${name}${suffix}`,
    about: `a training step: ${args.join(' ')}${graph === 'must' ? ', as a CUDA graph' : ''}`,
    command: [
      ...[process.execPath, '--import', 'tsx', 'bench/gpu/step.ts'],
      ...['--name', `step-${name}${suffix}`, '--graph', graph, ...args],
    ],
    sources: ['bench/gpu/step.ts'],
  })
  const theirs = ['step.py', ...args, '--precision', 'bf16', '--optimizer', 'lars']
  return [
    ours('', 'off'),
    ours('-graph', 'must'),
    peer(`step-${name}`, `a training step: ${args.join(' ')}`, ...theirs),
  ]
}
