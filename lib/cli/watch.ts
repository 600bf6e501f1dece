/** `simclr watch`: the report of a run while it is under way. */
import { once } from 'node:events'
import { type Command, Option } from 'commander'
import { SimclrError } from '../addon/errors.ts'
import { watchRun } from '../report/watch.ts'
import { interruptSignal } from './interrupt.ts'
import { emit, examples, jsonOption, say } from './output.ts'

export function registerWatch(program: Command): void {
  program
    .command('watch')
    .description('show the report of a run over a local port; its curves follow the run')
    .argument('<run>', 'run folder')
    .addOption(new Option('--port <number>', 'port on this machine').default('0', 'a free one'))
    .addOption(jsonOption())
    .addHelpText('after', examples(['simclr watch runs/a', 'prints an address to open; Ctrl-C ends it']))
    .action(runWatch)
}

async function runWatch(folder: string, flags: { port: string; json?: boolean }): Promise<void> {
  const port = Number(flags.port)
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    throw new SimclrError(
      'ERR_SIMCLR_USAGE',
      `Expected a port from 0 to 65535 for --port but received ${flags.port}.`,
    )
  }
  using interrupt = interruptSignal()
  const watch = await watchRun(folder, port)
  say(`${folder} is at ${watch.url} – Ctrl-C ends this.`)
  if (flags.json) emit({ type: 'watch', url: watch.url })
  if (!interrupt.signal.aborted) await once(interrupt.signal, 'abort')
  await watch.close()
}
