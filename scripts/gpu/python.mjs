/** The Python that the peers run on: the one whose torch is the given LibTorch. */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'

const PROBE = 'import os, torch, torchvision; print(os.path.dirname(torch.__file__))'

/** { python }, or { reason } why there is none. `named`: the one to take, whatever its torch; or undefined. */
export function findPython(libtorch, named) {
  if (named) {
    const { problem } = torchOf(named)
    return problem ? { reason: `${named}: ${problem}` } : { python: named }
  }
  if (!libtorch || !fs.existsSync(libtorch))
    return { reason: 'no LibTorch is named whose Python could run PyTorch' }
  const wanted = fs.realpathSync(libtorch)
  // VENV/lib/python3.12/site-packages/torch
  const beside = path.join(wanted, '../../../../bin/python3')
  const said = []
  for (const python of [beside, 'python3']) {
    const { folder, problem } = torchOf(python)
    if (folder === wanted) return { python }
    said.push(`${python}: ${problem ?? `its torch is ${folder}`}`)
  }
  return { reason: `no Python has ${libtorch} for its torch, and torchvision (${said.join('; ')})` }
}

/** The folder of a Python's torch, or what is in the way. */
function torchOf(python) {
  const { status, stdout, stderr, error } = spawnSync(python, ['-c', PROBE], {
    encoding: 'utf8',
    timeout: 120_000,
  })
  if (status === 0) return { folder: fs.realpathSync(stdout.trim()) }
  return { problem: error?.code ?? stderr.trim().split('\n').at(-1) }
}
