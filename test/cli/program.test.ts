import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { expect } from 'chai'
import type { Command } from 'commander'
import { releaseFolder } from '../../lib/addon/libtorch/paths.ts'
import { DEFAULT_RELEASE, RELEASES } from '../../lib/addon/libtorch/versions.ts'
import { createProgram } from '../../lib/cli/program.ts'
import { acquireLock } from '../../lib/io/lock.ts'
import { simclr } from '../support/cli.ts'
import { withEnvironment } from '../support/environment.ts'
import { temporaryFolder } from '../support/folder.ts'

/** Every command that does something, with its whole name. */
function commands(command: Command, name = ''): [name: string, command: Command][] {
  const own = `${name}${command.name()} `
  return command.commands.length === 0
    ? [[own.trim(), command]]
    : command.commands.flatMap((c) => commands(c, own))
}

/** What `--help` prints, the text after the options too. */
function help(command: Command): string {
  let text = ''
  command.configureOutput({ writeOut: (part) => (text += part) }).outputHelp()
  return text
}

describe('the command line', () => {
  const folder = temporaryFolder()

  for (const [name, command] of commands(createProgram())) {
    it(`${name} --help says what it does, what each option means, and shows an example if it takes any`, () => {
      expect(command.description()).to.match(/\w{3}/)
      for (const option of command.options) expect(option.description, option.flags).to.match(/\w{3}/)
      const takesMore =
        command.options.some((o) => o.long !== '--json') || command.registeredArguments.length > 0
      if (takesMore) expect(help(command)).to.contain('Examples:').and.to.contain('$ simclr ')
    })
  }

  it('has no option in a command that the program takes for its own', () => {
    const program = createProgram()
    const own = program.options.flatMap((o) => [o.short, o.long]).filter(Boolean)
    expect(own).to.include('--version')
    for (const [name, command] of commands(program))
      for (const { short, long, flags } of command.options)
        expect([own.includes(short), own.includes(long)], `${name} ${flags}`).to.deep.equal([false, false])
  })

  it('ends with 0 for help and version, on stdout', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
    expect(await simclr(['--version'])).to.deep.equal({ code: 0, stdout: `${version}\n`, stderr: '' })
    const { code, stdout } = await simclr(['libtorch', '--help'])
    expect([code, stdout]).to.satisfy(
      ([c, s]: [number, string]) => c === 0 && s.startsWith('Usage: simclr libtorch'),
    )
  })

  it('ends with 1, and says so, where what it prints cannot be written', async () => {
    const full = openSync('/dev/full', 'w')
    try {
      for (const args of [['--version'], ['data', 'info', 'scenes:2', '--json']]) {
        const { code, stderr } = await simclr(args, {}, { stdout: full })
        expect(code, stderr).to.equal(1)
        expect(stderr)
          .to.contain('what it printed on stdout could not all be written: ')
          .and.contain('ENOSPC')
      }
    } finally {
      closeSync(full)
    }
  })

  it('ends with 2 for bad usage, with nothing on stdout', async () => {
    for (const args of [[], ['trian'], ['doctor', '--jsn'], ['libtorch', 'install', '--part', 'half']]) {
      const { code, stdout, stderr } = await simclr(args)
      expect([args, code, stdout]).to.deep.equal([args, 2, ''])
      expect(stderr).to.match(/Usage|help/)
    }
  })

  it('takes a switch without a value for on, and the next flag for what it is', async () => {
    // The images do not exist: nothing is trained.
    const refused = async (...args: string[]) => {
      const { code, stderr } = await simclr(['train', '--data', folder('none'), ...args])
      return `${code} ${stderr}`
    }
    for (const args of [
      ['--recompute', '--out', folder('run')],
      ['--recompute=off', '--isolate', 'off', '--probe-linear-head', '--cuda-graph', 'auto', '--report'],
    ])
      expect(await refused(...args)).to.match(/^1 simclr: .*none/)
    expect(await refused('--recompute', '-1')).to.match(
      /^2 .*Expected on or off for `--recompute` but received '-1'/,
    )
    expect(await refused('--probe-linear-head', 'x', '--out', folder('run'))).to.match(
      /^2 .*Expected on or off for `--probe-linear-head` but received 'x'/,
    )
    expect(await refused('--probe-linear-head', '--no-report')).to.match(
      /^2 error: unknown option '--no-report'/,
    )
  })

  it('tells programs about errors in JSON, and people on stderr', async () => {
    const { code, stdout, stderr } = await simclr(['libtorch', 'install', 'cu999', '--json'])
    const { type, code: name, message } = JSON.parse(stdout)
    expect([code, type, name]).to.deep.equal([2, 'error', 'ERR_SIMCLR_USAGE'])
    expect(stderr).to.contain(message)
  })
})

describe('simclr libtorch list', () => {
  const folder = temporaryFolder()

  it('has every release of the table, installed or not', async () => {
    using _env = withEnvironment({ XDG_CACHE_HOME: folder() })
    const { stdout } = await simclr(['libtorch', 'list', '--json'])
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    const rows = RELEASES.map(({ version, variant }) => ({ version, variant, root: null }))
    expect(lines.map(({ version, variant, root }) => ({ version, variant, root }))).to.deep.equal(rows)
  })
})

describe('simclr doctor', () => {
  const folder = temporaryFolder()

  it('finds nothing to mend here and ends with 0', async () => {
    const { code, stdout } = await simclr(['doctor', '--json'])
    const lines = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect([code, lines.at(-1)]).to.deep.equal([0, { type: 'result', ok: true, problems: 0 }])
    expect(lines.find((line) => line.name === 'Addon').detail).to.match(/loads .*; LibTorch \d/)
  })

  it('ends with 1 and the deed that mends it where SIMCLR_LIBTORCH is wrong', async () => {
    const { code, stdout } = await simclr(['doctor'], { SIMCLR_LIBTORCH: folder() })
    expect(code).to.equal(1)
    expect(stdout).to.match(/FAIL LibTorch \(SIMCLR_LIBTORCH\).*\n.*mend: unset SIMCLR_LIBTORCH/)
  })
})

describe('an interrupt', () => {
  const folder = temporaryFolder()

  it('ends what is under way with 130', async () => {
    // This process holds the lock: the installer waits until it is interrupted.
    using _env = withEnvironment({ XDG_CACHE_HOME: folder() })
    const lock = await acquireLock(releaseFolder(DEFAULT_RELEASE.version, 'cpu'), () => {})
    const { code, stderr } = await simclr(['libtorch', 'install', 'cpu'], {}, { interruptAt: /waiting/ })
    await lock.release()
    expect(code).to.equal(130)
    expect(stderr).to.contain('Interrupted')
  })

  it('asked for twice ends at once: by Ctrl-C, and not by one that was handed on twice', async () => {
    const module = JSON.stringify(new URL('../../lib/cli/interrupt.ts', import.meta.url).href)
    const script = `
      const { interruptSignal } = await import(${module})
      const { signal } = interruptSignal()
      setInterval(() => process.stdout.write(signal.aborted ? 'asked ' : 'ready '), 50)`
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script])
    const ended = once(child, 'close')
    await once(child.stdout, 'data')
    child.kill('SIGINT')
    child.kill('SIGINT')
    await setTimeout(1100)
    child.kill('SIGTERM')
    await once(child.stdout, 'data')
    await once(child.stdout, 'data')
    expect(child.exitCode).to.equal(null)
    child.kill('SIGINT')
    expect(await ended).to.deep.equal([130, null])
  })
})
