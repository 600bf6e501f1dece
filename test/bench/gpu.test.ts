import { spawnSync } from 'node:child_process'
import { expect } from 'chai'

/** What a benchmark of a GPU prints where the CPU computes little enough. */
function figureOf(script: string, ...args: string[]): Record<string, unknown> {
  const command = ['--import', 'tsx', `bench/gpu/${script}`, '--device', 'cpu', ...args]
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' })
  expect(status, stderr).to.equal(0)
  return JSON.parse(stdout)
}

describe('benchmarks of a GPU, on a CPU', function () {
  this.timeout(120_000)

  it('a training step: what three measurements of some steps take', () => {
    const figure = figureOf('step.ts', '--size', '8', '--batch', '4', '--steps', '2')
    expect(figure).to.include({ arch: 'resnet18', size: 8, batch: 4, graph: 'off', viewsOn: 'cpu' })
    expect(figure.pairsPerSecond).to.be.closeTo(4000 / (figure.milliseconds as number), 1e-6)
  })

  it('a run: what the goal’s epochs would take, the first with all that it begins with', () => {
    const data = 'synthetic:scenes,count=24,split=all,size=32'
    const figure = figureOf(
      ...(['run.ts', '--data', data, '--batch', '8', '--width', '0.125'] as const),
      ...['--epochs', '3', '--goal', '11'],
    )
    expect(figure).to.include({ images: 24, batch: 8, epochs: 3, viewsOn: 'cpu', goalEpochs: 11 })
    const { firstEpochSeconds, secondsAnEpoch, goalMinutes } = figure as Record<string, number>
    expect(secondsAnEpoch).to.be.above(0)
    expect(goalMinutes! * 60).to.be.closeTo(firstEpochSeconds! + 10 * secondsAnEpoch!, 1e-6)
  })
})
