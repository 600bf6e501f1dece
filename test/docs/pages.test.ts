import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { expect } from 'chai'
import type { Command } from 'commander'
import { packageRoot } from '../../lib/addon/binary.ts'
import { readOptionFlags } from '../../lib/cli/option-flags.ts'
import { createProgram } from '../../lib/cli/program.ts'
import { validate } from '../../lib/config/messages.ts'
import { trainOptions } from '../../lib/config/options.ts'

const pages = ['README.md', 'CONTRIBUTING.md', 'experiments/README.md', ...inDocs()].map((name) => ({
  name,
  text: readFileSync(join(packageRoot, name), 'utf8'),
}))

describe('the pages', () => {
  it('show command lines that the command line knows', () => {
    let count = 0
    for (const { name, text } of pages) {
      for (const line of commandLines(text)) {
        expect(() => parse(line), `${name}: simclr ${line.join(' ')}`).to.not.throw()
        count++
      }
    }
    expect(count).to.be.above(30)
  })

  it('link to what is there, headings included', () => {
    let count = 0
    for (const { name, text } of pages) {
      for (const [, target = '', anchor] of text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)) {
        const file = target === '' ? join(packageRoot, name) : join(packageRoot, dirname(name), target)
        expect(existsSync(file), `${name} links to ${target}`).to.equal(true)
        if (anchor !== undefined)
          expect(anchorsOf(readFileSync(file, 'utf8')), `${name}: ${anchor}`).to.include(anchor)
        count++
      }
    }
    expect(count).to.be.above(50)
  })

  it('docs/api.md has every command, error code and field of an event', () => {
    const api = readFileSync(join(packageRoot, 'docs/api.md'), 'utf8')
    const source = (path: string) => readFileSync(join(packageRoot, path), 'utf8')
    const codes = [...source('lib/addon/errors.ts').matchAll(/\| '(ERR_SIMCLR_\w+)'/g)].map(
      ([, code]) => code!,
    )
    const fields = [...source('lib/run/events.ts').matchAll(/^ {2}(\w+): /gm)].map(([, field]) => field!)
    const commands = createProgram().commands.map((command) => command.name())
    expect(codes).to.have.length.above(15)
    expect(fields).to.include.members(['waitSeconds', 'pairsPerSecond'])
    for (const word of [...codes, ...fields, ...commands])
      expect(api, word).to.match(new RegExp(`\\b${word}\\b`))
    const listed = [...api.matchAll(/ERR_SIMCLR_\w+/g)].map(([code]) => code)
    expect(new Set(listed)).to.deep.equal(new Set(codes))
  })

  for (const [page, example] of [
    ['README.md', 'examples/quickstart.ts'],
    ['docs/fine-tuning.md', 'examples/fine-tune.ts'],
    ['docs/export.md', 'examples/onnx.ts'],
  ] as const) {
    it(`${page} shows ${example} to the letter`, () => {
      const { text } = pages.find(({ name }) => name === page)!
      const shown = text.split(`<!-- ${example} -->\n\`\`\`ts\n`)[1]?.split('```\n')[0]
      expect(shown).to.equal(readFileSync(join(packageRoot, example), 'utf8'))
    })
  }
})

function inDocs(): string[] {
  const names = readdirSync(join(packageRoot, 'docs')).filter((name) => name.endsWith('.md'))
  return names.map((name) => relative(packageRoot, join(packageRoot, 'docs', name)))
}

/** What follows `simclr` in the lines of shell blocks, but for comments and what starts it. */
function commandLines(text: string): string[][] {
  const blocks = [...text.matchAll(/```(\w*)\n([\s\S]*?)```/g)]
    .filter(([, language]) => ['', 'sh', 'bash'].includes(language!))
    .map(([, , block]) => block!.replaceAll('\\\n', ' '))
  return blocks
    .flatMap((block) => block.split('\n'))
    .flatMap((line) => {
      const [, rest] =
        /^(?:[A-Z_]+=\S+ |npx |srun (?:--ntasks \d+ )?|torchrun .*? )*simclr (.*)$/.exec(line) ?? []
      if (rest === undefined) return []
      const bare = rest.replace(/ (?:#|&|\|\||…).*$/, '')
      return [
        [...bare.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/g)].map(([, one, two, plain]) => one ?? two ?? plain!),
      ]
    })
}

/** Parses a command line with everything that commands do taken away; options of `train` are validated, too. */
function parse(line: string[]): void {
  const program = createProgram().configureOutput({ writeErr: () => {} })
  const quiet = (command: Command) => {
    command.exitOverride().configureOutput({ writeErr: () => {} })
    command.action((...args: unknown[]) => {
      const flags = (args.at(-1) as Command).opts()
      if (command.name() === 'train') validate(trainOptions, readOptionFlags(trainOptions, flags))
    })
    command.commands.forEach(quiet)
  }
  program.commands.forEach(quiet)
  program.parse(line, { from: 'user' })
}

/** As GitHub names headings. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .trim()
      .replaceAll(' ', '-'),
  )
}
