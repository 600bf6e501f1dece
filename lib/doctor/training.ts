/** One training step, from drawing images to writing the run's folder, in a process of its own. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Finding, ok, problem } from './finding.ts'

export async function trainStep(): Promise<Finding> {
  let folder: string
  try {
    folder = await mkdtemp(join(tmpdir(), 'simclr-doctor-'))
  } catch (error) {
    const mend = 'make the folder for temporary files writable, or set TMPDIR'
    return problem('Training', `no folder for a trial: ${(error as Error).message}`, mend)
  }
  try {
    // Here, so that the rest can be looked at where its packages are broken.
    const { trainInChild } = await import('../isolate/parent.ts')
    const { device, history } = await trainInChild({
      ...{ data: 'synthetic:scenes,count=8,size=16', preset: 'torch', steps: 1, batchSize: 4 },
      encoder: { width: 0.25, stem: 'cifar' },
      probe: { everyEpochs: 0 },
      ...{ threads: 1, report: false, out: join(folder, 'run') },
    })
    return ok('Training', `a step on ${device} works (loss ${history.at(-1)!.loss.toFixed(2)})`)
  } catch (error) {
    const { message, code } = error as Error & { code?: string }
    const mend = `report it with what \`simclr doctor --json\` prints${code ? ` (${code})` : ''}`
    return problem('Training', `a step fails: ${message}`, mend)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
