/** `simclr bench`: what this machine reaches, stage by stage. */
import type { Command } from 'commander'
import { type BenchResult, bench, type Stage } from '../bench/bench.ts'
import { trainOptions } from '../config/options.ts'
import type { TrainSettings } from '../config/settings.ts'
import { shareThreads } from '../data/threads.ts'
import { formatPercent } from '../format.ts'
import { addOptionFlags, readOptionFlags } from './option-flags.ts'
import { emit, examples, jsonOption, say } from './output.ts'

const benchOptions = trainOptions.pick({
  preset: true,
  imageSize: true,
  encoder: true,
  batchSize: true,
  precision: true,
  device: true,
  threads: true,
})
const common = [
  'preset',
  'image-size',
  'arch',
  'width',
  'stem',
  'batch-size',
  'precision',
  'device',
  'threads',
]

export function registerBench(program: Command): void {
  const command = program
    .command('bench')
    .description(
      'what this machine reaches in half a minute, stage by stage, and which stage limits training',
    )
  addOptionFlags(command, benchOptions, common)
  command
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        ['simclr bench', "the 'cifar' preset: ResNet-18 on images of 32 px"],
        ['simclr bench --preset imagenet', 'ResNet-50 on images of 224 px (a step takes long on a CPU)'],
      ),
    )
    .action(runBench)
}

async function runBench(flags: { json?: boolean } & Record<string, unknown>): Promise<void> {
  const settings = readOptionFlags(benchOptions, flags) as TrainSettings
  const show = (stage: Stage) => (flags.json ? emit({ type: 'stage', ...stage }) : print(stage))
  const { limit, augmentShare, config } = await bench(settings, show)
  say(summary(limit, augmentShare, config.threads))
  if (flags.json) emit({ type: 'result', limit, augmentShare })
}

function print({ name, value, unit, about }: Stage): void {
  const digits = value.toLocaleString('en', { maximumSignificantDigits: 3 })
  process.stdout.write(`${name.padEnd(14)} ${digits.padStart(9)} ${unit.padEnd(9)} ${about}\n`)
}

function summary({ stored, streamed }: BenchResult['limit'], augmentShare: number, threads: number): string {
  const views = `making views takes ${formatPercent(augmentShare)} of a step`
  const memory =
    stored === 'step'
      ? `Computing on the views limits training from memory: ${views}.`
      : `Making the views limits training from memory: it takes ${formatPercent(augmentShare)} of a step.`
  if (streamed === 'decode')
    return `${memory} Images that are decoded as they are needed limit it further; pack them (simclr data pack).`
  const { decoding, ahead } = shareThreads(threads)
  return ahead === 0
    ? `${memory} Decoding images as they are needed takes turns with it.`
    : `${memory} Decoding keeps up with it, on ${decoding} of ${threads} threads.`
}
