/** What `precision: 'auto'` means on a machine. */
import type { Precision } from '../addon/interface.ts'

/**
 * From this speed on, relative to fp32, products in bf16 pay, since all that is not a product moves half the bytes.
 * Where the speed was 0.55 (Intel, AVX-512 bf16 without AMX), steps in fp32 were 1.1 (ResNet-50, 64 px) to 1.4 times
 * (ResNet-18, CIFAR stem) as fast; in ResNet-50's they would be equal at 0.66.
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
