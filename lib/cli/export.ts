/** `simclr export`: an encoder as one file, for programs other than this. */
import type { Command } from 'commander'
import { z } from 'zod'
import { validate } from '../config/messages.ts'
import { required, text } from '../config/option.ts'
import { prepareOutput } from '../io/output.ts'
import { loadEncoder } from './encoder.ts'
import { addOptionFlags, readOptionFlags } from './option-flags.ts'
import { emit, examples, jsonOption, say } from './output.ts'

const exportOptions = z.strictObject({
  encoder: required(text('a run folder, .safetensors or PyTorch file'), { about: 'What is exported.' }),
  out: required(
    {
      schema: z.string().regex(/.\.(onnx|safetensors)$/),
      expected: 'a path ending in .onnx or .safetensors',
      kind: 'path',
    },
    { about: 'An ONNX graph, or weights under the names of torchvision.' },
  ),
})

export function registerExport(program: Command): void {
  const command = program
    .command('export')
    .description('write an encoder as an ONNX graph for other runtimes, or as safetensors')
  addOptionFlags(command, exportOptions)
  command
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples([
        'simclr export --encoder runs/a --out encoder.onnx',
        'for browsers, phones, other languages',
      ]),
    )
    .action(runExport)
}

async function runExport(flags: { json?: boolean } & Record<string, unknown>): Promise<void> {
  const { encoder: from, out } = validate(exportOptions, readOptionFlags(exportOptions, flags))
  using encoder = await loadEncoder(from, { device: 'cpu' })
  await prepareOutput(out)
  await encoder.save(out)
  const { imageSize } = encoder.preprocessing
  say(`${encoder.spec.arch}, ${imageSize} px, ${encoder.featureDim} features → ${out}`)
  if (flags.json)
    emit({ type: 'result', out, imageSize, features: encoder.featureDim, classes: encoder.classes })
}
