/** `simclr doctor`: what the addon needs, what is there, and the command that mends each problem. */
import type { Command } from 'commander'
import { diagnose } from '../addon/diagnose.ts'
import { emit, examples, jsonOption, say } from './output.ts'

export function registerDoctor(program: Command): void {
  program
    .command('doctor')
    .description(
      'look at Node, the C library, the processor, every LibTorch and the addon, and say what to mend',
    )
    .addOption(jsonOption())
    .addHelpText('after', examples(['simclr doctor', 'exit code 0 if simclr can run here, 1 if not']))
    .action(doctor)
}

function doctor(flags: { json?: boolean }): void {
  const findings = diagnose()
  for (const { name, state, detail, mend } of findings) {
    if (flags.json) {
      emit({ type: 'finding', name, state, detail, mend })
      continue
    }
    process.stdout.write(`${{ ok: 'ok  ', note: 'note', problem: 'FAIL' }[state]} ${name}: ${detail}\n`)
    if (mend !== null) process.stdout.write(`       mend: ${mend}\n`)
  }
  const problems = findings.filter((f) => f.state === 'problem').length
  if (flags.json) emit({ type: 'result', ok: problems === 0, problems })
  else say(problems === 0 ? 'simclr can run here.' : `${problems} problem(s) to mend.`)
  if (problems > 0) process.exitCode = 1
}
