/** The machine's GPU. */
import { spawnSync } from 'node:child_process'
import { Failure } from '../bootstrap/run.mjs'

/** The first GPU, and how many there are: { name, capability ('9.0'), driver, gpus }. Throws a Failure where there is none. */
export function findGpu() {
  const query = '--query-gpu=name,compute_cap,driver_version'
  const { status, stdout, error } = spawnSync('nvidia-smi', [query, '--format=csv,noheader'], {
    encoding: 'utf8',
  })
  const lines = stdout?.trim().split('\n') ?? []
  const [name, capability, driver] = lines[0]?.split(', ') ?? []
  if (status === 0 && /^\d+\.\d+$/.test(capability)) return { name, capability, driver, gpus: lines.length }
  const said = error
    ? 'nvidia-smi is not there'
    : `nvidia-smi says: ${stdout?.trim() || `exit code ${status}`}`
  throw new Failure(`No NVIDIA GPU here (${said}). These tests need one; npm test needs none.`)
}
