/** The two streams of a command: JSON lines on stdout for programs, text on stderr for people. */
import { Option } from 'commander'

/** `--json`, the same for every command that has it. */
export function jsonOption(): Option {
  return new Option('--json', 'print JSON lines on stdout and nothing else there')
}

/** One JSON line on stdout. */
export function emit(record: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(record)}\n`)
}

/** A line on stderr. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** `Examples:` under a command's help; each is a command line and what it does. */
export function examples(...lines: [command: string, meaning: string][]): string {
  return `\nExamples:\n${lines.map(([command, meaning]) => `  $ ${command}\n      ${meaning}`).join('\n')}\n`
}
