/** Runs golden files against this build. */
import { verifyAugment } from './augment.ts'
import { type Golden, GoldenFolder } from './golden.ts'
import { verifyLars } from './lars.ts'
import { verifyLr } from './lr.ts'
import { verifyNames } from './names.ts'
import { verifyNtXent } from './ntxent.ts'
import { type Quantity, Report } from './report.ts'
import { verifyResnet } from './resnet.ts'
import { verifyTrainSteps } from './trainsteps.ts'

export type { Quantity } from './report.ts'

export interface VerifyOptions {
  /** Where networks, loss and optimizer run. Default `cpu`. */
  device?: string
  /** Only golden files whose name contains this. */
  only?: string
  /** Called with each quantity as soon as it is known. */
  onQuantity?: (quantity: Quantity) => void
}

type Verifier = (golden: Golden, report: Report, device: string) => Promise<void>

/** Kind of a golden file, by the beginning of its name. */
const verifiers: Readonly<Record<string, Verifier>> = {
  ntxent_: verifyNtXent,
  lars_: verifyLars,
  lr_: verifyLr,
  resnet_: verifyResnet,
  trainsteps_: verifyTrainSteps,
  augment_: verifyAugment,
  names_: verifyNames,
}

/**
 * Compares everything in a folder of golden files with what this build computes; one quantity a line of
 * `simclr verify`. A file of unknown kind, a missing one and one that yields no quantity are failures.
 */
export async function verifyFolder(path: string, options: VerifyOptions = {}): Promise<Quantity[]> {
  const { device = 'cpu', only = '', onQuantity } = options
  const folder = new GoldenFolder(path)
  const { json, tensors, unknown } = await folder.list(only)
  const quantities: Quantity[] = []
  const inFile = async (file: string, work: (report: Report) => Promise<void> | void) => {
    const report = new Report(file, onQuantity)
    await work(report)
    quantities.push(...report.quantities)
  }

  const owned = new Set<string>()
  for (const file of json) {
    await inFile(file, async (report) => {
      const golden = await verifyFile(folder, file, report, device)
      if (golden) owned.add(golden.tensorFile)
    })
  }
  for (const file of tensors.filter((file) => !owned.has(file))) {
    await inFile(file, (report) => report.fail('owner', 'Expected a JSON file whose arrays these are'))
  }
  for (const file of unknown) {
    await inFile(file, (report) => report.fail('kind', 'Expected .json, .safetensors or .md'))
  }
  if (quantities.length === 0) {
    await inFile('.', (report) => report.fail('files', 'Expected golden files but the folder has none'))
  }
  return quantities
}

/** Returns the opened file, undefined where it could not be. */
async function verifyFile(
  folder: GoldenFolder,
  file: string,
  report: Report,
  device: string,
): Promise<Golden | undefined> {
  const kind = Object.keys(verifiers).find((prefix) => file.startsWith(prefix))
  if (!kind) {
    report.fail('kind', `Expected a name that begins with ${Object.keys(verifiers).join(', ')}`)
    return undefined
  }
  let golden: Golden | undefined
  try {
    golden = await folder.open(file)
    await verifiers[kind]!(golden, report, device)
  } catch (error) {
    report.fail('whole file', (error as Error).message)
  }
  if (report.quantities.length === 0)
    report.fail('whole file', 'Expected quantities to compare but it has none')
  return golden
}
