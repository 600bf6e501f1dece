/** What `precision: 'auto'` means on a machine. */
import type { Precision } from '../addon/interface.ts'

/**
 * From this speed on, relative to fp32, products in bf16 pay, since all that is not a product moves half the bytes. Below
 * it convolutions of bf16 are computed in float32 anyway (kSlowBf16 in native/core/nn/convolution.cc, the same bound), at
 * the speed of fp32: bf16 would save memory alone, for fewer digits.
 */
const bf16Pays = 0.75

/** `bf16Speed`, of MachineFacts, is asked only on a CPU. */
export function autoPrecision(
  device: string,
  bf16Speed: () => number,
): { precision: Precision; why: string } {
  if (device !== 'cpu') return { precision: 'bf16', why: `${device} computes bf16 in hardware` }
  const speed = bf16Speed()
  if (speed === 0) return { precision: 'fp32', why: 'cpu does not compute bf16 in hardware' }
  const why = `cpu multiplies bf16 ${speed.toPrecision(2)} times as fast as fp32`
  return { precision: speed >= bf16Pays ? 'bf16' : 'fp32', why }
}
