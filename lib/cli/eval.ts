/** `simclr eval`: how well simple classifiers do on an encoder's features. */
import type { Command } from 'commander'
import { validate } from '../config/messages.ts'
import { aboutShared } from '../data/shared.ts'
import { type EvaluateOptions, evaluate, evaluateOptions } from '../evaluate/evaluate.ts'
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
  const { device } = options
  using loaded = options.encoder === 'raw' ? null : await loadEncoder(options.encoder as string, { device })
  const result = await evaluate({ ...options, encoder: loaded ?? 'raw', signal: interrupt.signal })
  const { probe, accuracy, images, testImages, classes, dim, shared } = result
  const learnt = probe === 'classifier' ? '' : ` on ${formatCount(images)} images`
  say(
    `${probe}${learnt} of ${classes} classes, ${dim} features, ` +
      `tested on ${formatCount(testImages)}: ${formatPercent(accuracy)}`,
  )
  const about = shared && aboutShared(shared, String(options.test), 'learnt from')
  if (about) say(`Note: ${about}`)
  if (flags.json) emit({ type: 'result', ...result })
  else process.stdout.write(`${accuracy.toFixed(4)}\n`)
}
