/** augment_*: every operator, and the paper's crop boxes; tf2/data_util.py (paper), torchvision (torch). */
import type { Convention } from '../addon/interface.ts'
import { loadAddon } from '../addon/load.ts'
import { lower } from '../augment/lower.ts'
import { recipes } from '../augment/recipes.ts'
import { toFloat64 } from '../io/tensor.ts'
import { largestDifference } from './compare.ts'
import type { Golden } from './golden.ts'
import type { Report } from './report.ts'

interface Operator {
  op: string
  input: string
  dtype?: 'float32' | 'uint8'
  params: Record<string, number | string | boolean | number[] | string[]>
  out: string
  shape: [height: number, width: number, channels: number]
}

/** Of many crops of one image size, as golden files hold them. */
export interface CropStatistics {
  H: number
  W: number
  out_h: number
  out_w: number
  samples: number
  percentiles: number[]
  area: number[]
  aspect: number[]
  area_mean: number
  aspect_mean: number
  log_aspect_mean: number
  height_mean: number
  width_mean: number
  y_rel_mean: number
  x_rel_mean: number
  whole_image_fraction: number
}

interface AugmentGolden {
  ops: Operator[]
  input_tensors?: string
  crop_statistics?: CropStatistics[]
}

/** Standard errors that sampled statistics may differ by. */
const allowedDeviations = 4
const samples = 20_000

export async function verifyAugment(golden: Golden, report: Report): Promise<void> {
  const convention: Convention = golden.file.startsWith('augment_torch') ? 'torch' : 'paper'
  const { ops, crop_statistics: statistics = [], input_tensors: inputs } = golden.as<AugmentGolden>()
  const context = { golden, report, convention, inputFile: inputs?.split(' ')[0] }
  for (const operator of ops) {
    const name = `${operator.out.replace(/^out\//, '')} ${operator.input}`
    try {
      await verifyOperator(name, operator, context)
    } catch (error) {
      report.fail(name, (error as Error).message)
    }
  }
  for (const each of statistics) verifyCrops(report, each)
}

interface Context {
  golden: Golden
  report: Report
  convention: Convention
  /** Has the images. */
  inputFile: string | undefined
}

async function verifyOperator(
  name: string,
  { op, input, dtype = 'float32', params, out, shape }: Operator,
  { golden, report, convention, inputFile }: Context,
): Promise<void> {
  const image = await golden.tensor(`input_u8/${input}`, inputFile)
  const [height, width, channels] = image.shape as [number, number, number]
  const data =
    dtype === 'uint8' ? image.data : Float32Array.from(image.data, (level) => Math.fround(level / 255))
  const result = loadAddon().augmentOperator(`${convention}.${op}`, { data, width, height, channels }, params)
  if (result.height !== shape[0] || result.width !== shape[1]) {
    throw new RangeError(`Expected ${shape[0]} x ${shape[1]} but received ${result.height} x ${result.width}`)
  }
  const error = largestDifference(result.data, toFloat64(await golden.tensor(out)))
  if (dtype === 'uint8') report.add(`${name} uint8`, error, golden.tolerance('uint8', 1))
  else report.add(`${name} float32`, error, golden.tolerance(op, 1e-5))
}

/** The original's boxes are a sample: ours must come from the same distribution, in standard errors. */
function verifyCrops(report: Report, golden: CropStatistics): void {
  const { H, W, out_h: outHeight, out_w: outWidth } = golden
  const boxes = drawBoxes(W, H, outWidth, outHeight)
  const name = `crops of ${H} x ${W} to ${outHeight} x ${outWidth}:`
  const add = (what: string, deviation: number, variance: number) => {
    const standardError = Math.sqrt(variance * (1 / samples + 1 / golden.samples))
    const error = deviation === 0 ? 0 : deviation / standardError
    report.add(`${name} ${what}, standard errors`, error, allowedDeviations)
  }
  const addMean = (what: string, values: number[], expected: number) => {
    const average = mean(values)
    add(what, Math.abs(average - expected), mean(values.map((value) => (value - average) ** 2)))
  }
  const area = boxes.map(({ width, height }) => (width * height) / (W * H))
  const aspect = boxes.map(({ width, height }) => width / height)
  for (const [what, values, quantiles] of [
    ['area', area, golden.area],
    ['aspect', aspect, golden.aspect],
  ] as const) {
    golden.percentiles.forEach((percent, i) => {
      // Boxes are whole pixels: the share jumps at a percentile, from below it to above it.
      const share = percent / 100
      const rounding = 6e-5 * quantiles[i]! // five digits are stored
      const below = mean(values.map((value) => Number(value < quantiles[i]! - rounding)))
      const upTo = mean(values.map((value) => Number(value <= quantiles[i]! + rounding)))
      add(`${what} percentile ${percent}`, Math.max(0, below - share, share - upTo), share * (1 - share))
    })
  }
  const column = (of: (box: Box) => number) => boxes.map(of)
  addMean('mean area', area, golden.area_mean)
  addMean('mean aspect', aspect, golden.aspect_mean)
  addMean('mean log aspect', aspect.map(Math.log), golden.log_aspect_mean)
  addMean(
    'mean height',
    column((box) => box.height),
    golden.height_mean,
  )
  addMean(
    'mean width',
    column((box) => box.width),
    golden.width_mean,
  )
  addMean(
    'mean place, vertical',
    column((box) => box.y / Math.max(1, H - box.height)),
    golden.y_rel_mean,
  )
  addMean(
    'mean place, horizontal',
    column((box) => box.x / Math.max(1, W - box.width)),
    golden.x_rel_mean,
  )
  const whole = mean(column((box) => Number(box.width === W && box.height === H)))
  const expected = golden.whole_image_fraction
  add('whole images', Math.abs(whole - expected), Math.max(expected * (1 - expected), 1 / samples))
}

interface Box {
  x: number
  y: number
  width: number
  height: number
}

function drawBoxes(width: number, height: number, outWidth: number, outHeight: number): Box[] {
  const plan = lower(recipes.paperImagenet.family, outWidth)
  const crop = plan.crop!
  // The original's aspect range is that of the output times 3/4 to 4/3.
  const aspect = crop.aspect.map((bound) => (bound * outWidth) / outHeight) as [number, number]
  const augmenter = new (loadAddon().Augmenter)({ ...plan, crop: { ...crop, aspect } })
  return Array.from(
    { length: samples },
    (_, index) => augmenter.parameters({ seed: 1, epoch: 0, index, view: 0, width, height }).crop!,
  )
}

function mean(values: number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
