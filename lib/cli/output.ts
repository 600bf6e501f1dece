/** The two streams of a command: JSON lines on stdout for programs, text on stderr for people. */
import { Option } from 'commander'
import { formatCount } from '../format.ts'

/** `--json`, the same for every command that has it. */
export function jsonOption(): Option {
  return new Option('--json', 'print JSON lines on stdout and nothing else there')
}

/** One JSON line on stdout. */
export function emit(record: Record<string, unknown>): void {
  process.stdout.write(`${JSON.stringify(record)}\n`)
}

/**
 * A name as a field of a line: as it is, or as a JSON string where it has line breaks, tabs or other control characters, or
 * begins with a quote. So each line is one name, and only a field that begins with a quote has to be parsed.
 */
export function field(name: string): string {
  return /\p{Cc}|^"/u.test(name) ? JSON.stringify(name) : name
}

/** The name that `field` has written. */
export function nameOfField(text: string): string {
  return text.startsWith('"') ? (JSON.parse(text) as string) : text
}

/** `3 files that are no usable images`, which a command has left out. */
export function unusableFiles(count: number): string {
  return `${formatCount(count)} files that are no usable images`
}

/** A line on stderr. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`)
}

/** `Examples:` under a command's help; each is a command line and what it does. */
export function examples(...lines: [command: string, meaning: string][]): string {
  return `\nExamples:\n${lines.map(([command, meaning]) => `  $ ${command}\n      ${meaning}`).join('\n')}\n`
}
