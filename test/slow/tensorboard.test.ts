import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { readMetrics } from '../../lib/run/metrics.ts'
import { train } from '../../lib/train.ts'
import { temporaryFolder } from '../support/folder.ts'
import { tiny } from '../support/tiny.ts'

const run = promisify(execFile)

/** Prints every scalar that TensorBoard finds: {tag: [[step, value], …]}. */
const reader = `
import json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator(sys.argv[1], size_guidance={'scalars': 0})
events.Reload()
print(json.dumps({tag: [[e.step, e.value] for e in events.Scalars(tag)] for tag in events.Tags()['scalars']}))
`

describe('TensorBoard', function () {
  this.timeout(600_000)
  const path = temporaryFolder()

  it('reads every scalar of a run that was interrupted and went on', async () => {
    const controller = new AbortController()
    const options = { ...tiny, probe: { everyEpochs: 1, linearHead: true }, out: path('run') }
    const onProgress = ({ type, step }: { type: string; step?: number }) => {
      if (type === 'step' && step === 4) controller.abort()
    }
    await train({ ...options, signal: controller.signal, onProgress }).catch(() => {})
    ;(await train({ out: path('run') })).encoder.dispose()

    await run('python3', ['-m', 'venv', path('venv')])
    await run(path('venv', 'bin', 'pip'), ['install', '--quiet', 'tensorboard', 'setuptools<81'])
    const { stdout } = await run(path('venv', 'bin', 'python'), ['-c', reader, path('run')])
    const scalars = JSON.parse(stdout) as Record<string, [number, number][]>

    const metrics = await readMetrics(path('run', 'metrics.jsonl'))
    const steps = metrics.filter((metric) => metric.type === 'step')
    const epochs = metrics.filter((metric) => metric.type === 'epoch')
    const float = (pairs: [number, number | null][]) =>
      pairs.map(([step, value]) => [step, Math.fround(value!)])
    expect(steps).to.have.length(12)
    expect(scalars['train/loss']).to.deep.equal(float(steps.map(({ step, loss }) => [step + 1, loss])))
    expect(scalars['train/learning_rate']).to.deep.equal(float(steps.map(({ step, lr }) => [step + 1, lr])))
    expect(scalars['epoch/knn']).to.deep.equal(float(epochs.map(({ step, knn }) => [step, knn])))
    expect(Object.keys(scalars)).to.include.members([
      ...['train/contrastive_accuracy', 'train/entropy', 'train/gradient_norm', 'train/step_seconds'],
      ...['train/linear_head_loss', 'train/linear_head_accuracy', 'epoch/loss', 'epoch/linear_head'],
    ])
  })
})
