import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

export interface Left {
  code: number | null
  signal: NodeJS.Signals | null
  stdout: string
  stderr: string
}

const root = fileURLToPath(new URL('../..', import.meta.url))

/** Imports and a tiny run that programs below start from; `OUT` is a folder. */
const prelude = `
import { train } from '${root}lib/train.ts'
import { Encoder } from '${root}lib/encoder.ts'
import { tiny } from '${root}test/support/tiny.ts'
const OUT = process.argv[2]
const endless = { ...tiny, epochs: 100000, out: OUT }
`

/** Runs a program in a process of its own until it ends. */
export async function runProgram(program: string, out: string, shell?: string): Promise<Left> {
  const file = `${out}-program.mts`
  writeFileSync(file, prelude + program)
  const node = [process.execPath, '--import', 'tsx', file, out]
  const command = shell === undefined ? node : ['bash', '-c', `${shell}; exec "$@"`, 'bash', ...node]
  const child = spawn(command[0]!, command.slice(1), { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
  const left: Left = { code: null, signal: null, stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    left.stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    left.stderr += text
  })
  const [code, signal] = await once(child, 'close')
  return { ...left, code, signal }
}
