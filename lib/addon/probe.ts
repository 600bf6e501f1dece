/** The process that tries a binary: its one argument is what to open, its last line of stdout what came of it. */
import { openAddon } from './open.ts'
import { notLoaded, type Probed } from './probed.ts'

function tryOut(): Probed {
  try {
    const addon = openAddon(JSON.parse(process.argv[2]!))
    const { torch, cpuCapability, jpeg } = addon.buildInfo()
    const gpus = addon.getDevices().filter(({ type }) => type === 'cuda').length
    const gpuProblem = addon.gpuProblem()
    return { failure: null, code: null, passing: false, gpus, gpuProblem, torch, cpuCapability, jpeg }
  } catch (error) {
    const { message, code = null } = error as Error & { code?: string }
    return notLoaded(message, code)
  }
}

process.stdout.write(`${JSON.stringify(tryOut())}\n`)
