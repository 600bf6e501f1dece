import { expect } from 'chai'
import { listOptions } from '../../lib/config/messages.ts'
import { trainOptions } from '../../lib/config/options.ts'
import { conventionSettings } from '../../lib/config/presets.ts'
import type { Decider } from '../../lib/config/reason.ts'
import { resolve } from '../../lib/config/resolve.ts'
import { objectives, presetNames, type TrainSettings } from '../../lib/config/settings.ts'

const machine = { cores: 4, devices: ['cpu'], gpuProblem: 'No driver.', bf16Speed: () => 2 }

/** How a default that begins with a value says that another may stand in its place; `name`: of the preset. */
const exceptions: Partial<Record<Decider, (rest: string, name: string) => boolean>> = {
  preset: (rest, name) => rest.includes('some presets') || rest.includes(`'${name}'`),
  objective: (rest) => rest.includes('objective'),
  default: (rest) => rest.includes(' px'), // of the base, by the size of the views
}

const at = (tree: unknown, name: string) =>
  name.split('.').reduce<unknown>((inner, key) => (inner as Record<string, unknown>)?.[key], tree)

/** The value that a default begins with and what else it says; null where it begins with none, or with a rule. */
function stated(text: string, words: readonly string[]): { value: unknown; rest: string } | null {
  const [head, quoted] = /^'([\w-]+)'|^\[[^\]]*\]|^[\w.+-]+/.exec(text) ?? ['']
  const rest = text.slice(head.length)
  const word = quoted ?? head
  if (rest.startsWith(' ×') || word === 'auto') return null
  if (words.includes(word) && Number.isNaN(Number(word))) return { value: word, rest }
  try {
    const fractions = head.replace(/(\d+)\/(\d+)/g, (_, over, under) => String(over / under))
    return { value: JSON.parse(fractions), rest }
  } catch {
    return null
  }
}

function* everyRun() {
  for (const preset of presetNames) {
    for (const objective of [undefined, ...objectives]) {
      const isStudent = (objective ?? preset) === 'distill'
      const options: TrainSettings = { preset, objective, ...(isStudent && { teacher: 'runs/tuned' }) }
      for (const imageSize of [32, 400]) {
        const data = { images: 1_000_000, imageSize, labelled: true, isDefault: false }
        const run = `${preset}, ${objective}, ${imageSize} px`
        yield { preset, run, ...resolve(options, { data, machine }) }
      }
    }
  }
}

describe('what is said of defaults', () => {
  const options = listOptions(trainOptions)

  it('is what presets and objectives come to, where it begins with a value', () => {
    const compared = new Set<string>()
    for (const { run, preset, config, why } of everyRun()) {
      for (const { name, doc } of options) {
        const literal = stated(doc.default!, doc.words ?? [])
        const value = at(config, name)
        const by = why[name]?.by
        if (literal === null || value === undefined || by === 'option') continue
        compared.add(name)
        const mayDiffer = exceptions[by!]?.(literal.rest, preset) ?? false
        if (!mayDiffer) expect(value, `${name} of ${run}`).to.deep.equal(literal.value)
      }
    }
    expect(compared.size).to.be.above(45)
    expect([...compared]).to.include.members([
      'probe.everyEpochs',
      'views',
      'augment.cropAspect',
      'recompute',
    ])
  })

  it('is what the strength of colours comes to, where it is a share of that', () => {
    const shares = options.flatMap(({ name, doc }) => {
      const share = /^([\d.]+) × strength$/.exec(doc.default!)
      return share ? [[name, Number(share[1])] as const] : []
    })
    expect(shares).to.have.length(4)
    for (const { run, config, why } of everyRun()) {
      for (const [name, share] of shares) {
        expect(at(config, name), `${name} of ${run}`).to.equal(share * config.augment.strength)
        expect(why[name]!.text).to.equal(`${share} × augment.strength`)
      }
    }
  })

  it('is what the convention comes to, where it begins with that', () => {
    const from = 'from `convention`'
    const named = options.filter(({ doc }) => doc.default?.startsWith(from))
    expect(named.map(({ name }) => name)).to.include.members(['encoder.convention', 'loss.scale'])
    for (const { run, preset, config, why } of everyRun()) {
      for (const { name, doc } of named) {
        const mayDiffer = why[name]!.by === 'preset' && doc.default!.includes(`'${preset}'`)
        const own = at(conventionSettings(config.convention), name)
        if (!mayDiffer) expect(at(config, name), `${name} of ${run}`).to.equal(own)
      }
    }
  })
})
