/** PyTorch's side of a test. Few machines have one: $SIMCLR_TEST_PYTHON, else python3 where it has what is needed. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const torchvision = fileURLToPath(new URL('../interop/cpu_torchvision.py', import.meta.url))

/** Inside a suite's `before`: a Python with torch and torchvision; skips the suite, saying why, without one. */
export function needTorchvision(context: Mocha.Context): string {
  return need(context, 'torchvision')
}

/** The same, with lightly too. */
export function needLightly(context: Mocha.Context): string {
  return need(context, 'torchvision', 'lightly')
}

function need(context: Mocha.Context, ...modules: string[]): string {
  const python = process.env.SIMCLR_TEST_PYTHON ?? 'python3'
  const missing = modules.filter((name) => spawnSync(python, [torchvision, name]).status !== 0)
  if (missing.length === 0) return python
  const reason = `${python} has no ${missing.join(' and no ')}; SIMCLR_TEST_PYTHON names one that has`
  for (const test of context.test?.parent?.tests ?? []) test.title += ` (skipped: ${reason})`
  return context.skip()
}

/** Runs a script that must succeed. */
export function runPython(python: string, script: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(python, [script, ...args], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
}
