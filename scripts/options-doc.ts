/** docs/options.md from the option schema: `npx tsx scripts/options-doc.ts`; a test compares the two. */
import { writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Convention } from '../lib/addon/interface.ts'
import { flagsOf } from '../lib/config/flags.ts'
import { optimizers } from '../lib/config/groups.ts'
import { isTree } from '../lib/config/layers.ts'
import { listOptions } from '../lib/config/messages.ts'
import type { OptionDoc } from '../lib/config/option.ts'
import { trainOptions } from '../lib/config/options.ts'
import { optimizerSettings, presets } from '../lib/config/presets.ts'
import { type OptimizerName, objectives } from '../lib/config/settings.ts'

const file = fileURLToPath(new URL('../docs/options.md', import.meta.url))

export function optionsPage(): string {
  const flags = new Map(flagsOf(trainOptions).map(({ name, flag }) => [name, `\`--${flag}\``]))
  const rows = listOptions(trainOptions).map(({ name, doc }) => {
    return `| \`${name}\` | ${flags.get(name) ?? ''} | ${cell(described(doc))} | ${cell(doc.default ?? 'required')} | ${doc.source ?? ''} |`
  })
  const named = Object.entries(presets).map(
    ([name, { about, imageSize, settings }]) =>
      `| \`${name}\` | ${cell(about)} | ${imageSize === null ? '' : `imageSize ${imageSize}, `}${cell(settled(settings(imageSize ?? 224)))} |`,
  )
  const brought = (name: OptimizerName, convention: Convention, objective: (typeof objectives)[number]) =>
    settled(optimizerSettings(name, convention, objective)).replace(`optimizer.name ${name}, `, '')
  const others = optimizers.map(
    (name) =>
      `| \`${name}\` | ${objectives.map((objective) => brought(name, 'torch', objective)).join(' | ')} |`,
  )
  return `# Options of \`train\`

Written by \`scripts/options-doc.ts\` from the schema that validates them. A dotted name is a member of a nested object
(\`optimizer.lr\` is \`{ optimizer: { lr } }\`); every option but the last two has a flag of \`simclr train\`. What a run resolved them to, and who
decided each, is in its \`config.json\`. A switch may stand without its value, for on (\`--recompute\`). A warning at the start lists options that
were given and that the run never reads, because of what others are. Sections are those of the paper, tf2/ its code.

\`simclr train --config FILE\` takes them as JSON. Editors know names, values and descriptions in a file that names the package's schema:

\`\`\`json
{ "$schema": "./node_modules/simclr/options.schema.json", "preset": "torch", "optimizer": { "name": "adamw" } }
\`\`\`

| preset | recipe | sets (\`paper\`, \`torch\`, \`fine-tune\` and \`distill\` at 224 px) |
| --- | --- | --- |
${named.join('\n')}

An optimizer that is not the preset's own brings these, by what is learnt, here in the convention 'torch'. In that of the paper Adam's
\`optimizer.epsilon\` is 1e-7, and SGD, but for labels, the original's \`momentum\`: ${brought('sgd', 'paper', 'contrastive')}.

| optimizer | ${objectives.map((objective) => `\`${objective}\``).join(' | ')} |
| --- | --- | --- | --- |
${others.join('\n')}

| option | flag | what it does, what it takes | default | source |
| --- | --- | --- | --- | --- |
${rows.join('\n')}
`
}

/** `epochs 12, optimizer.lr 0.4`: every value by its dotted name. */
function settled(tree: object, prefix = ''): string {
  return Object.entries(tree)
    .map(([key, value]) =>
      isTree(value)
        ? settled(value, `${prefix}${key}.`)
        : `${prefix}${key} ${Array.isArray(value) ? value.join('-') : value}`,
    )
    .join(', ')
}

function cell(text: string): string {
  return text.replace(/\|/g, '\\|')
}

/** What an option does, what it takes and in which unit. */
export function described({ about, expected, unit }: OptionDoc): string {
  return `${about} ${expected[0]!.toUpperCase()}${expected.slice(1)}${unit === undefined ? '' : `, ${unit}`}.`
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(file, optionsPage())
