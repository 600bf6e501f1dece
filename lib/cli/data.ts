/** `simclr data info | fetch | pack`: looking at image sets, getting the well-known ones, packing any. */
import { type Command, InvalidArgumentError } from 'commander'
import { catalog } from '../data/catalog.ts'
import { catalogSet, fetchSet } from '../data/fetch.ts'
import { formatReport, inspect } from '../data/inspect.ts'
import { kinds, open } from '../data/open.ts'
import { pack } from '../data/pack.ts'
import { summarizeSkipped } from '../data/skipped.ts'
import { sampleTrain } from '../data/sources/scenes.ts'
import { formatBytes } from '../format.ts'
import { prepareOutput } from '../io/output.ts'
import { interruptSignal } from './interrupt.ts'
import { emit, examples, jsonOption, say } from './output.ts'
import { ByteBar, CountBar } from './progress.ts'

export function registerData(program: Command): void {
  const data = program
    .command('data')
    .description('look at image sets, fetch the well-known ones, pack any of them')

  data
    .command('info')
    .description(
      'decode every image of a set and say what it holds: sizes, classes, what cannot be used and why',
    )
    .argument('[data]', "a folder, a file or 'kind:path', as train's --data takes", sampleTrain)
    .option('--limit <n>', 'look at so many images only', positive)
    .option('--shorter-side <pixels>', 'reckon memory for images shrunk to this shorter side', positive, 448)
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `\nKinds:\n${Object.values(kinds)
        .map(({ usage }) => `  ${usage}\n`)
        .join('')}` +
        examples(
          ['simclr data info ./photos', 'a folder, flat, nested or one folder a class'],
          ['simclr data info cifar10:data,split=test --json', 'one JSON line on stdout'],
        ),
    )
    .action(info)

  data
    .command('fetch')
    .description(
      'download a well-known set, check it and unpack it; a broken download goes on where it stopped',
    )
    .argument('[name]', `${catalog.map((set) => set.name).join(', ')}; left out: list them`)
    .option('--into <folder>', 'where to put it', 'data')
    .option('--source <address>', "take its files from here instead of the set's own site")
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(['simclr data fetch cifar10', 'into ./data; then: simclr train --data cifar10:data']),
    )
    .action(fetchNamed)

  data
    .command('pack')
    .description('write a set as one checksummed file that opens at once and needs no memory of its own')
    .argument('<data>', "a folder, a file or 'kind:path'")
    .argument('<file>', 'where to write it; open it as pack:FILE')
    .option('--keep <what>', 'pixels: decoded, ready to use; files: as they are, smaller', keep, 'pixels')
    .option(
      '--shorter-side <pixels>',
      'shrink larger images to this shorter side (with pixels)',
      positive,
      448,
    )
    .option('--max-skipped <share>', 'share of images that may be unusable, 0 to 1', share, 0.1)
    .option('--limit <n>', 'so many images only', positive)
    .option('--limit-per-class <n>', 'the first so many images of each class only', positive)
    .addOption(jsonOption())
    .addHelpText(
      'after',
      examples(['simclr data pack ./photos photos.pack', 'then: simclr train --data pack:photos.pack']),
    )
    .action(packSet)
}

async function info(
  data: string,
  flags: { limit?: number; shorterSide: number; json?: boolean },
): Promise<void> {
  using interrupt = interruptSignal()
  const bar = new CountBar('Looking at images')
  const set = await open(data, { limit: flags.limit, shorterSide: null, maxSkipped: 1 })
  try {
    const report = await inspect(set, {
      shorterSide: flags.shorterSide,
      signal: interrupt.signal,
      onProgress: (done, total) => bar.update(done, total),
    })
    bar.stop()
    if (flags.json) emit({ type: 'data', ...report })
    else process.stdout.write(`${formatReport(report, formatBytes)}\n`)
    if (report.usable === 0) process.exitCode = 1
  } finally {
    bar.stop()
    await set.close()
  }
}

async function fetchNamed(
  name: string | undefined,
  flags: { into: string; source?: string; json?: boolean },
): Promise<void> {
  if (name === undefined) return list(flags.json ?? false)
  using interrupt = interruptSignal()
  let bar: ByteBar | null = null
  let current = ''
  const stop = () => bar?.stop()
  try {
    const { folder, opens, already } = await fetchSet(catalogSet(name), flags.into, {
      source: flags.source,
      signal: interrupt.signal,
      onMessage: (text) => {
        stop()
        say(text)
      },
      onProgress: (file, bytes, total) => {
        if (file !== current) {
          stop()
          bar = new ByteBar(file)
          current = file
        }
        bar?.update(bytes, total)
      },
    })
    stop()
    say(`${name} ${already ? 'is' : 'is now'} in ${folder}. Open it as:`)
    for (const spec of opens) say(`  ${spec}`)
    if (flags.json) emit({ type: 'fetched', name, folder, opens, already })
  } finally {
    stop()
  }
}

async function packSet(
  data: string,
  file: string,
  flags: {
    keep: 'pixels' | 'files'
    shorterSide: number
    maxSkipped: number
    limit?: number
    limitPerClass?: number
    json?: boolean
  },
): Promise<void> {
  using interrupt = interruptSignal()
  const bar = new CountBar('Packing images')
  const { limit, limitPerClass, shorterSide, maxSkipped } = flags
  await prepareOutput(file)
  const set = await open(data, { limit, limitPerClass, shorterSide, maxSkipped })
  try {
    const { count, bytes, skipped } = await pack(set, file, {
      keep: flags.keep,
      signal: interrupt.signal,
      onProgress: (done, total) => bar.update(done, total),
    })
    bar.stop()
    say(`${count} images, ${formatBytes(bytes)}, in ${file}. Open it as pack:${file}`)
    if (skipped.length > 0) say(`Left out: ${summarizeSkipped(skipped)}`)
    if (flags.json) emit({ type: 'packed', file, count, bytes, skipped })
  } finally {
    bar.stop()
    await set.close()
  }
}

function list(json: boolean): void {
  for (const { name, about, files } of catalog) {
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0)
    if (json) emit({ type: 'set', name, about, bytes, files })
    else process.stdout.write(`${name.padEnd(14)}${formatBytes(bytes).padStart(8)}  ${about}\n`)
  }
}

function keep(text: string): string {
  if (text === 'pixels' || text === 'files') return text
  throw new InvalidArgumentError('Expected pixels or files.')
}

function positive(text: string): number {
  const value = Number(text)
  if (Number.isSafeInteger(value) && value > 0) return value
  throw new InvalidArgumentError('Expected an integer of at least 1.')
}

function share(text: string): number {
  const value = Number(text)
  if (text.trim() !== '' && value >= 0 && value <= 1) return value
  throw new InvalidArgumentError('Expected a number from 0 to 1.')
}
