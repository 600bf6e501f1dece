/** `simclr report`: the page about a run, made again. */
import type { Command } from 'commander'
import { writeReport } from '../report/report.ts'
import { interruptSignal } from './interrupt.ts'
import { emit, examples, jsonOption, say } from './output.ts'

export function registerReport(program: Command): void {
  program
    .command('report')
    .description(
      'write report.html of a run: curves, views, nearest neighbours before and after, a map of the images',
    )
    .argument('<run>', 'run folder')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(['simclr report runs/a', 'runs/a/report.html, one page that needs nothing else']),
    )
    .action(runReport)
}

async function runReport(folder: string, flags: { json?: boolean }): Promise<void> {
  using interrupt = interruptSignal()
  const path = await writeReport(folder, { signal: interrupt.signal })
  say(`The page is ${path}`)
  if (flags.json) emit({ type: 'result', path })
}
