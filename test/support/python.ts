/** PyTorch's side of a test. Few machines have one: $SIMCLR_TEST_PYTHON, else python3 where it has torchvision. */
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const torchvision = fileURLToPath(new URL('../interop/cpu_torchvision.py', import.meta.url))

/** Inside a suite's `before`: a Python with torch and torchvision; skips the suite, saying why, without one. */
export function needTorchvision(context: Mocha.Context): string {
  const python = process.env.SIMCLR_TEST_PYTHON ?? 'python3'
  if (spawnSync(python, [torchvision]).status === 0) return python
  const reason = `${python} has no torchvision; SIMCLR_TEST_PYTHON names one that has`
  for (const test of context.test?.parent?.tests ?? []) test.title += ` (skipped: ${reason})`
  return context.skip()
}

/** Runs a script that must succeed. */
export function runPython(python: string, script: string, ...args: string[]): void {
  const { status, stderr } = spawnSync(python, [script, ...args], { encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
}
