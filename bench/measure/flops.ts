/** Arithmetic of a training step: multiplications and additions of the convolutions, the rest is little beside them. */
import type { StepSetting } from '../work/step.ts'

/** Blocks of each group; bottleneck blocks from ResNet-50 on. */
const depths: Partial<Record<StepSetting['arch'], readonly number[]>> = {
  resnet18: [2, 2, 2, 2],
  resnet50: [3, 4, 6, 3],
}

/** GFLOP of a pair of views, forward and backward (twice the forward). */
export function gflopPerPair(setting: StepSetting): number {
  return (2 * 3 * 2 * forwardProducts(setting)) / 1e9
}

/** Multiplications of one image's way through the encoder (torchvision's geometry). */
function forwardProducts({ arch, stem, size }: StepSetting): number {
  const bottleneck = arch === 'resnet50'
  const conv = (pixels: number, kernel: number, inputs: number, outputs: number) =>
    pixels ** 2 * kernel ** 2 * inputs * outputs
  let side = stem === 'cifar' ? size : size / 2
  let sum = conv(side, stem === 'imagenet' ? 7 : 3, 3, 64)
  if (stem === 'imagenet') side /= 2
  let inputs = 64
  for (const [group, blocks] of depths[arch]!.entries()) {
    const width = 64 << group
    const outputs = bottleneck ? 4 * width : width
    for (let block = 0; block < blocks; block++) {
      const before = side
      if (block === 0 && group > 0) side /= 2
      if (bottleneck) {
        sum += conv(before, 1, inputs, width) + conv(side, 3, width, width) + conv(side, 1, width, outputs)
      } else {
        sum += conv(side, 3, inputs, width) + conv(side, 3, width, width)
      }
      if (inputs !== outputs) sum += conv(side, 1, inputs, outputs)
      inputs = outputs
    }
  }
  return sum
}
