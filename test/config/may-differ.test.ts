import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { mayChange, perRank } from '../../lib/config/may-differ.ts'
import { listOptions } from '../../lib/config/messages.ts'
import { trainOptions } from '../../lib/config/options.ts'
import { trainSettings } from '../../lib/config/settings.ts'
import { settingsOf } from '../../lib/run/training-images.ts'

const names = listOptions(trainOptions).map(({ name }) => name)

/** The options that a page names between two of its phrases; `checkpoint.*` is all of that group. */
function namedIn(page: string, from: string, to: string): string[] {
  const text = readFileSync(new URL(`../../docs/${page}`, import.meta.url), 'utf8')
  const [start, end] = [text.indexOf(from), text.indexOf(to, text.indexOf(from))]
  expect(Math.min(start, end), `${page}: ${from} … ${to}`).to.be.above(0)
  return [...text.slice(start, end).matchAll(/`([\w.*]+)`/g)].flatMap(([, name]) =>
    name!.endsWith('.*') ? names.filter((option) => option.startsWith(name!.slice(0, -1))) : [name!],
  )
}

describe('options that may differ', () => {
  it('from the checkpoint that a run goes on from are those that docs/runs.md names', () => {
    const named = namedIn('runs.md', 'Those that\nmay change:', 'With another length')
    expect(named).to.have.members([...mayChange])
  })

  it('from rank to rank are those that docs/distributed.md names', () => {
    const named = namedIn('distributed.md', 'What may differ', 'A member of the batch')
    expect(named).to.have.members([...perRank])
  })
})

describe('the options that describe a run', () => {
  it('are all but those that say where, when and to whom', () => {
    const all = Object.fromEntries(Object.keys(trainOptions.shape).map((name) => [name, null]))
    expect(settingsOf(all as never)).to.have.all.keys(Object.keys(trainSettings.shape))
  })
})
