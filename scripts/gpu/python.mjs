/** The Python that the peers run on: the one whose torch is the given LibTorch. */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'

const PROBE = 'import os, torch, torchvision; print(os.path.dirname(torch.__file__))'

/** { python }, or { reason } why there is none. `named`: a Python to take instead of looking for one. */
export function findPython(libtorch, named) {
  if (!libtorch || !fs.existsSync(libtorch))
    return { reason: 'no LibTorch is named whose Python could run PyTorch' }
  const wanted = fs.realpathSync(libtorch)
  // VENV/lib/python3.12/site-packages/torch
  const beside = path.join(wanted, '../../../../bin/python3')
  const said = []
  for (const python of named ? [named] : [beside, 'python3']) {
    const { status, stdout, stderr, error } = spawnSync(python, ['-c', PROBE], {
      encoding: 'utf8',
      timeout: 120_000,
    })
    if (status !== 0) said.push(`${python}: ${error?.code ?? stderr.trim().split('\n').at(-1)}`)
    else if (fs.realpathSync(stdout.trim()) === wanted) return { python }
    else said.push(`${python}: its torch is ${stdout.trim()}`)
  }
  return { reason: `no Python has ${libtorch} for its torch, and torchvision (${said.join('; ')})` }
}
