/** names_*: lightly's own CIFAR ResNet, names and shapes; its checkpoints are renamed by this table. */
import type { Golden } from './golden.ts'
import { learnerFor } from './network.ts'
import type { Report } from './report.ts'

interface NamesGolden {
  source: string
  variables: { role: string; shape: number[] }[]
}

/** lightly's name to ours; undefined for its classifier, which an encoder does not have. */
function fromLightly(name: string): string | undefined {
  return name.startsWith('linear.') ? undefined : name.replace('.shortcut.', '.downsample.')
}

export async function verifyNames(golden: Golden, report: Report, device: string): Promise<void> {
  const { variables, source } = golden.as<NamesGolden>()
  const depth = /resnet-?(\d+)/i.exec(`${golden.file} ${source}`)?.[1]
  if (!depth) throw new RangeError(`Expected a ResNet's depth in the file's name but received ${golden.file}`)
  const first = variables.find(({ role }) => role === 'conv1.weight')
  const width = (first?.shape[0] ?? 64) / 64
  const network = { depth: Number(depth), width, stem: 'cifar', convention: 'torch', skRatio: 0 } as const
  using learner = learnerFor(network, { layers: 1, dim: 128, precision: 'fp32', device })
  const prefix = 'encoder.'
  const ours = new Map(
    (await learner.state())
      .filter(({ name }) => name.startsWith(prefix))
      .map(({ name, shape }) => [name.slice(prefix.length), String(shape)]),
  )
  const theirs = new Map(
    variables.flatMap(({ role, shape }) => {
      const name = fromLightly(role)
      return name === undefined ? [] : [[name, String(shape)] as const]
    }),
  )
  const differs = (a: Map<string, string>, b: Map<string, string>) =>
    [...a].filter(([name, shape]) => b.get(name) !== shape).length
  report.add('variables of lightly that we have not, or in another shape', differs(theirs, ours), 0)
  report.add('variables of ours that lightly has not, or in another shape', differs(ours, theirs), 0)
}
