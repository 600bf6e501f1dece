/**
 * The command line: `simclr <command>`. One file per command; each registers itself on the program.
 *
 * stdout carries what was asked for (with `--json`: JSON lines and nothing else), stderr what is for people.
 * Exit codes: 0 done, 1 failed, 2 bad usage, 130 interrupted.
 */
import { Command, CommanderError } from 'commander'
import { packageVersion } from '../addon/binary.ts'
import { SimclrError, type SimclrErrorCode } from '../addon/errors.ts'
import { registerAugment } from './augment.ts'
import { registerBench } from './bench.ts'
import { registerClassify } from './classify.ts'
import { registerData } from './data.ts'
import { registerDoctor } from './doctor.ts'
import { registerEmbed } from './embed.ts'
import { registerEval } from './eval.ts'
import { registerExport } from './export.ts'
import { isInterrupt } from './interrupt.ts'
import { registerLibtorch } from './libtorch.ts'
import { registerNearest } from './nearest.ts'
import { emit, say } from './output.ts'
import { registerReport } from './report.ts'
import { registerTrain } from './train.ts'
import { registerVerify } from './verify.ts'
import { registerWatch } from './watch.ts'

/** The whole command line as a commander program. */
export function createProgram(): Command {
  const program = new Command('simclr')
    .description('Train image encoders without labels (SimCLR), evaluate them and embed images with them.')
    .version(packageVersion())
    .showHelpAfterError('(add --help for the options and examples)')
    .exitOverride()
  registerTrain(program)
  registerEval(program)
  registerEmbed(program)
  registerClassify(program)
  registerNearest(program)
  registerExport(program)
  registerReport(program)
  registerWatch(program)
  registerData(program)
  registerAugment(program)
  registerVerify(program)
  registerLibtorch(program)
  registerDoctor(program)
  registerBench(program)
  return program
}

/** Runs one command line; the promise's value is the exit code. A command may set `process.exitCode` itself. */
export async function run(args: string[]): Promise<number> {
  try {
    await createProgram().parseAsync(args, { from: 'user' })
    return typeof process.exitCode === 'number' ? process.exitCode : 0
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2 // commander has said why
    if (isInterrupt(error)) {
      say('Interrupted.')
      return 130
    }
    return report(error, args.includes('--json'))
  }
}

/** Tells people on stderr, and programs on stdout, what went wrong; the exit code. */
function report(error: unknown, json: boolean): number {
  const known = error instanceof SimclrError
  const message = error instanceof Error ? error.message : String(error)
  if (json) emit({ type: 'error', code: known ? error.code : 'ERR_SIMCLR_NATIVE', message })
  // An error nobody foresaw: the stack helps whoever reports it.
  const unforeseen = error instanceof Error ? (error.stack ?? message) : message
  say(known ? `simclr: ${message} (${error.code})` : `simclr: ${unforeseen}`)
  return known ? (exitCodes[error.code] ?? 1) : 1
}

/** Of errors that are no failure: whoever has called may do better, or has asked for the end, be it of another rank. */
const exitCodes: Partial<Record<SimclrErrorCode, number>> = {
  ERR_SIMCLR_USAGE: 2,
  ERR_SIMCLR_INVALID_ARGUMENT: 2,
  ERR_SIMCLR_ABORTED: 130,
}
