/** The machine's GPU. */
import { spawnSync } from 'node:child_process'
import { Failure } from '../bootstrap/run.mjs'

/** Name, compute capability and driver of the first GPU. Throws a Failure where there is none. */
export function findGpu() {
  const query = '--query-gpu=name,compute_cap,driver_version'
  const { status, stdout, error } = spawnSync('nvidia-smi', [query, '--format=csv,noheader'], {
    encoding: 'utf8',
  })
  const first = stdout?.trim().split('\n')[0]
  if (status === 0 && first) return first
  const said = error
    ? 'nvidia-smi is not there'
    : `nvidia-smi says: ${stdout?.trim() || `exit code ${status}`}`
  throw new Failure(`No NVIDIA GPU here (${said}). These tests need one; npm test needs none.`)
}
