/** `simclr verify`: golden numbers of the original programs against this build, on this machine. */
import path from 'node:path'
import type { Command } from 'commander'
import { packageRoot } from '../addon/binary.ts'
import { type Quantity, verifyFolder } from '../verify/verify.ts'
import { emit, examples, jsonOption, say } from './output.ts'

interface Flags {
  golden: string
  only?: string
  device: string
  json?: boolean
}

export function registerVerify(program: Command): void {
  program
    .command('verify')
    .description(
      'compare loss, optimizer, schedule, networks, training steps and augmentation with the originals',
    )
    .option('--golden <folder>', 'golden files', path.join(packageRoot, 'test/golden'))
    .option('--only <text>', 'only golden files whose name contains this')
    .option('--device <device>', 'where networks, loss and optimizer run', 'cpu')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(
        ['simclr verify', 'exit code 0 if every quantity is within its tolerance, 1 if not'],
        ['simclr verify --golden my-goldens --json', 'one JSON line a quantity, then a summary'],
      ),
    )
    .action(verify)
}

async function verify({ golden, device, only = '', json = false }: Flags): Promise<void> {
  const print = (quantity: Quantity) =>
    json ? emit({ ...quantity }) : process.stdout.write(`${line(quantity)}\n`)
  const quantities = await verifyFolder(golden, { device, only, onQuantity: print })
  const failed = quantities.filter(({ pass }) => !pass).length
  const files = new Set(quantities.map(({ file }) => file)).size
  if (json) emit({ type: 'result', files, quantities: quantities.length, failed, pass: failed === 0 })
  else
    say(`${quantities.length} quantities of ${files} files, ${failed === 0 ? 'all pass' : `${failed} FAIL`}.`)
  if (failed > 0) process.exitCode = 1
}

function line({ file, quantity, error, tolerance, pass, message, note }: Quantity): string {
  const because = note === undefined ? '' : ` (${note})`
  const distance = error === null ? (message ?? '') : `${error.toPrecision(3)} of ${tolerance}${because}`
  return `${pass ? 'ok  ' : 'FAIL'} ${file}  ${quantity}  ${distance}`
}
