/** `simclr eval`: how well simple classifiers do on an encoder's features. */
import type { Command } from 'commander'
import { validate } from '../config/messages.ts'
import { aboutShared } from '../data/shared.ts'
import { type EvaluateResult, evaluate } from '../evaluate/evaluate.ts'
import { checkUsed, type EvaluateOptions, evaluateOptions } from '../evaluate/options.ts'
import { formatCount, formatPercent } from '../format.ts'
import { loadEncoder } from './encoder.ts'
import { interruptSignal } from './interrupt.ts'
import { addOptionFlags, readOptionFlags } from './option-flags.ts'
import { emit, examples, jsonOption, say } from './output.ts'

export function registerEval(program: Command): void {
  const command = program
    .command('eval')
    .description(
      'accuracy of kNN or logistic regression on the features of an encoder or on raw pixels, or of a fine-tuned classifier',
    )
  addOptionFlags(command, evaluateOptions)
  command
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        ['simclr eval --encoder runs/a --data train/ --test test/ --probe linear', 'class folders'],
        [
          'simclr eval --encoder runs/a --data fashion-mnist --test fashion-mnist:test',
          'the embedded Fashion-MNIST, kNN',
        ],
        [
          'simclr eval --encoder runs/a --data train/ --test test/ --probe linear --l2 auto',
          'with the penalty that does best on a held-out fifth of train/',
        ],
        [
          'simclr eval --encoder runs/a --output projection --data train/ --test test/',
          'z in place of h: what training compared',
        ],
        ['simclr eval --encoder runs/tuned --test test/ --probe classifier', 'a fine-tuned encoder'],
        [
          'simclr eval --encoder raw --data fashion-mnist --test fashion-mnist:test',
          'the raw-pixel baseline',
        ],
      ),
    )
    .action(runEval)
}

async function runEval(flags: { json?: boolean } & Record<string, unknown>): Promise<void> {
  using interrupt = interruptSignal()
  const options = readOptionFlags(evaluateOptions, flags) as unknown as EvaluateOptions
  validate(evaluateOptions, options)
  checkUsed(options) // before what is loaded here is no longer asked for
  const { device, output, ...rest } = options
  using loaded =
    options.encoder === 'raw' ? null : await loadEncoder(options.encoder as string, { device, output })
  const result = await evaluate({
    ...rest,
    encoder: loaded ?? 'raw',
    signal: interrupt.signal,
  } as EvaluateOptions)
  const { probe, accuracy, standardError, top5, images, testImages, classes, dim, shared } = result
  sayChoice(result)
  const learnt = probe === 'classifier' ? '' : ` on ${formatCount(images)} images`
  say(
    `${probe}${learnt} of ${classes} classes, ${dim} features, ` +
      `tested on ${formatCount(testImages)}: ${formatPercent(accuracy)} ± ${formatPercent(standardError)}` +
      (top5 === null ? '' : `, top-5 ${formatPercent(top5)}`),
  )
  const about = shared && aboutShared(shared, String(options.test), 'learnt from')
  if (about) say(`Note: ${about}`)
  if (result.unseenClasses.length > 0) {
    say(
      `Note: no image of ${summarize(result.unseenClasses)} to learn from: those to be tested on count as wrong.`,
    )
  }
  if (flags.json) emit({ type: 'result', ...result })
  else process.stdout.write(`${accuracy.toFixed(4)}\n`)
}

/** `a, b, c`, of many the first. */
function summarize(names: readonly string[]): string {
  const shown = names.slice(0, 8).join(', ')
  return names.length > 8 ? `${shown} and ${names.length - 8} other classes` : shown
}

function sayChoice({ l2, l2Tried }: EvaluateResult): void {
  if (l2Tried.length === 0) return
  const { accuracy } = l2Tried.find((tried) => tried.l2 === l2)!
  say(`l2 ${l2} of ${l2Tried.length}: ${formatPercent(accuracy)} on a held-out fifth of what is learnt from`)
}
