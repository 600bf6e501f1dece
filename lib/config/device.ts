/** Which device computes, and in what arithmetic. */
import { SimclrError } from '../addon/errors.ts'
import type { Draft } from './draft.ts'
import type { MachineFacts } from './facts.ts'
import { expected } from './messages.ts'
import { autoPrecision } from './precision.ts'

/** Settles `device` and `precision`. Throws ERR_SIMCLR_DEVICE. */
export function fitDevice(draft: Draft): void {
  const { config, facts } = draft
  const { machine } = facts
  const asked = config.device
  config.device = pickDevice(asked, machine)
  if (asked === 'auto') {
    const found = config.device === 'cpu' ? `no GPU. ${machine.gpuProblem}` : 'a GPU is there'
    draft.fitted('device', `auto: ${found}`)
  }
  if ((config.precision as string) === 'auto') {
    const { precision, why } = autoPrecision(config.device, machine.bf16Speed)
    config.precision = precision
    draft.fitted('precision', `auto: ${why}`)
  }
}

/** The device's full name. Throws ERR_SIMCLR_DEVICE where it is not there: only 'auto' falls back. */
export function pickDevice(asked: string, { devices, gpuProblem, ranks = 1 }: MachineFacts): string {
  const gpu = devices.find((device) => device.startsWith('cuda'))
  // Each rank has a GPU of its own, whichever another had when the configuration was written.
  const anyGpu = asked === 'cuda' || (ranks > 1 && asked.startsWith('cuda:'))
  const device = asked === 'auto' ? (gpu ?? 'cpu') : anyGpu ? (gpu ?? 'cuda:0') : asked
  if (devices.includes(device)) return device
  const here = `Devices here: ${devices.join(', ')}.`
  const advice = gpuProblem === null ? here : `${here} ${gpuProblem}`
  throw new SimclrError('ERR_SIMCLR_DEVICE', expected('a device of this machine', 'device', asked, advice))
}
