/** `simclr doctor`: what the addon needs, what is there, and the command that mends each problem. */
import type { Command } from 'commander'
import { diagnose, type Finding } from '../doctor/diagnose.ts'
import { emit, examples, jsonOption, say } from './output.ts'

export function registerDoctor(program: Command): void {
  program
    .command('doctor')
    .description(
      'look at Node, the system, the GPUs, every binary and LibTorch, try a training step, and say what to mend',
    )
    .addOption(jsonOption())
    .addHelpText('after', examples(['simclr doctor', 'exit code 0 if simclr can run here, 1 if not']))
    .action(doctor)
}

async function doctor(flags: { json?: boolean }): Promise<void> {
  let problems = 0
  for await (const finding of diagnose()) {
    if (finding.state === 'problem') problems += 1
    if (flags.json) emit({ type: 'finding', ...finding })
    else process.stdout.write(text(finding))
  }
  if (flags.json) emit({ type: 'result', ok: problems === 0, problems })
  else say(problems === 0 ? 'simclr can run here.' : `${problems} problem(s) to mend.`)
  if (problems > 0) process.exitCode = 1
}

function text({ name, state, detail, mend }: Finding): string {
  const head = `${{ ok: 'ok  ', note: 'note', problem: 'FAIL' }[state]} ${name}: ${detail}\n`
  return mend === null ? head : `${head}       mend: ${mend}\n`
}

/** The doctor without the other commands; exit code 1 unless that was asked for and finds nothing. */
export async function runDoctor(args: string[]): Promise<number> {
  await doctor({ json: args.includes('--json') })
  return 1
}
