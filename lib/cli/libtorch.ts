/** `simclr libtorch install | list`: the LibTorch that the addon runs on. */
import { type Command, Option } from 'commander'
import { inspectLibtorch } from '../addon/libtorch/inspect.ts'
import { installLibtorch, releaseOf } from '../addon/libtorch/install.ts'
import type { Part } from '../addon/libtorch/parts.ts'
import { cacheFolder, releaseFolder } from '../addon/libtorch/paths.ts'
import { installCommand } from '../addon/libtorch/resolve.ts'
import { DEFAULT_RELEASE, RELEASES } from '../addon/libtorch/versions.ts'
import { formatBytes } from '../format.ts'
import { interruptSignal } from './interrupt.ts'
import { emit, examples, jsonOption, say } from './output.ts'
import { ByteBar } from './progress.ts'

interface InstallFlags {
  from?: string
  sha256?: string
  source?: string[]
  torch?: string
  force?: boolean
  part?: Part
  json?: boolean
}

export function registerLibtorch(program: Command): void {
  const libtorch = program
    .command('libtorch')
    .description('install and list LibTorch, the library that the addon computes with')

  libtorch
    .command('install')
    .description('download LibTorch into the cache (once for all projects of this user)')
    .argument('[variant]', 'cpu, or a CUDA version such as cu130', DEFAULT_RELEASE.variant)
    .option('--from <file>', 'a torch wheel or LibTorch archive that is here already, or a folder of wheels')
    .option('--sha256 <hash>', 'take only a file with this SHA-256')
    .option('--source <url...>', 'addresses to try, in order, instead of the known ones')
    // Not --version: the program has that one, prints its own version and ends.
    .option('--torch <version>', "another version of the table than the variant's default")
    .addOption(
      new Option('--part <part>', 'headers: enough to compile; compiler: with nvcc').choices([
        'all',
        'headers',
        'compiler',
      ]),
    )
    .option('--force', 'install anew over what is there')
    .addOption(jsonOption())
    .addHelpText(
      'after',
      `\nAsked in order: pip's configured sources, PyTorch's own index through pip, PyTorch's archive.\n` +
        `It goes to ${cacheFolder()} (XDG_CACHE_HOME moves it).\n` +
        examples(
          ['simclr libtorch install', `LibTorch ${DEFAULT_RELEASE.version} for the CPU`],
          ['simclr libtorch install cu130 --torch 2.11.0', 'for a binary that is made for 2.11'],
          ['simclr libtorch install cpu --from torch.whl --sha256 6746…', 'on a machine without a network'],
        ),
    )
    .action(install)

  libtorch
    .command('list')
    .description('the versions the addon can use, and which of them are installed')
    .addOption(jsonOption())
    .action(list)
}

async function install(variant: string, flags: InstallFlags): Promise<void> {
  using interrupt = interruptSignal()
  const bars = { download: new ByteBar('Downloading'), unpack: new ByteBar('Unpacking') }
  const stopBars = () => {
    bars.download.stop()
    bars.unpack.stop()
  }
  try {
    const { root, already, release } = await installLibtorch(releaseOf(variant, flags.torch), {
      from: flags.from,
      sha256: flags.sha256,
      sources: flags.source,
      force: flags.force,
      part: flags.part,
      signal: interrupt.signal,
      onProgress: (phase, bytes, total) => {
        if (phase === 'unpack') bars.download.stop()
        bars[phase].update(bytes, total)
      },
      onMessage: (text) => {
        stopBars()
        say(text)
      },
    })
    stopBars()
    say(`LibTorch ${release.version} (${release.variant}) ${already ? 'is' : 'is now'} in ${root}`)
    const { version } = release
    if (flags.json) emit({ type: 'libtorch', version, variant: release.variant, root, installed: !already })
  } finally {
    stopBars()
  }
}

function list(flags: { json?: boolean }): void {
  for (const release of RELEASES) {
    const { version, variant, downloadBytes, unpackedBytes, hashes } = release
    const root = inspectLibtorch(releaseFolder(version, variant))?.root ?? null
    if (flags.json) {
      emit({ type: 'libtorch', version, variant, root, downloadBytes, unpackedBytes, hashes })
      continue
    }
    const size = `${formatBytes(downloadBytes)} to download, ${formatBytes(unpackedBytes)} on disk`
    const state = root ?? `not installed (${installCommand(variant, version)})`
    process.stdout.write(`${version}  ${variant.padEnd(6)} ${size}\n    ${state}\n`)
    for (const { sha256, provenance } of hashes)
      process.stdout.write(`    sha256 ${sha256}\n      ${provenance}\n`)
  }
}
