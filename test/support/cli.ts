/** The command line in a process of its own, as users meet it. */
import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

/** The command as it is compiled, which starts in less than half the time of the sources. */
export const simclrMain = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))

export interface Ran {
  code: number | null
  stdout: string
  stderr: string
}

/** Runs `simclr ARGS`; sends it SIGINT once when its stderr matches `interruptAt`. `stdout`: an open file. */
export function simclr(
  args: string[],
  env: Record<string, string | undefined> = {},
  { interruptAt, stdout }: { interruptAt?: RegExp; stdout?: number } = {},
): Promise<Ran> {
  const root = fileURLToPath(new URL('../..', import.meta.url))
  const child = spawn(process.execPath, [simclrMain, ...args], {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', stdout ?? 'pipe', 'pipe'],
  })
  const ran: Ran = { code: null, stdout: '', stderr: '' }
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    ran.stdout += text
  })
  child.stderr!.setEncoding('utf8').on('data', (text: string) => {
    const before = interruptAt?.test(ran.stderr)
    ran.stderr += text
    if (!before && interruptAt?.test(ran.stderr)) child.kill('SIGINT')
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject).on('close', (code) => resolve({ ...ran, code }))
  })
}
