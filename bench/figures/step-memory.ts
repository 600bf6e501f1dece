/**
 * Peak memory of a training step: what building the network and three steps add to a process that has its library
 * loaded. Peer: eager PyTorch, the same step, in the memory format that needs less.
 */
import { atMost, type Benchmark } from '../figure.ts'
import { numberFrom, workScript } from '../measure/memory.ts'
import { peerScript } from '../measure/peer.ts'
import { memoryFormats } from '../measure/setting.ts'
import { peerArguments, type StepSetting } from '../work/step.ts'

export const stepMemory: Benchmark = {
  targets: { 'step-memory': atMost(0.75) },
  async *run({ peers: venv, torch, limits, precision }, wanted) {
    if (!wanted('step-memory')) return
    const setting: StepSetting = { arch: 'resnet50', stem: 'imagenet', size: 64, batch: 64, precision }
    const { arch, stem, size, batch } = setting
    const ours = numberFrom(...workScript('step-memory.ts', arch, stem, size, batch, precision, limits.cores))
    const script = [peerScript('step.py'), ...peerArguments(setting), '--threads', limits.cores, '--memory']
    const theirs = memoryFormats.map((format) =>
      venv === null
        ? { format, megabytes: Infinity }
        : { format, megabytes: numberFrom(`${venv}/bin/python`, [...script, '--memory-format', format]) },
    )
    const least = theirs.reduce((a, b) => (b.megabytes < a.megabytes ? b : a))
    yield {
      name: 'step-memory',
      ours,
      peer: venv === null ? null : least.megabytes,
      unit: 'MB',
      about: `weights, gradients, momentum and activations of ${arch} at ${size} px, batch ${batch}, ${precision}; peer: eager PyTorch${venv === null ? '' : `, the lesser of both memory formats, ${least.format}`}`,
      rounds: 1,
      torch,
    }
  },
}
