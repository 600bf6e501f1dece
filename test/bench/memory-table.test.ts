import { readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import { rewriteMarked } from '../../bench/marks.ts'
import { headingOf, type Network, withTable } from '../../bench/memory-table.ts'
import { temporaryFolder } from '../support/folder.ts'

describe('the tables of what batches cost', () => {
  const folder = temporaryFolder()

  it('are one a network, of which a later one takes the place of an earlier one', async () => {
    const file = folder('page.md')
    writeFileSync(file, 'before\n\n<!-- memory -->\n<!-- /memory -->\n\nafter\n')
    const put = (network: Network, cell: string) =>
      rewriteMarked(file, 'memory', (inside) =>
        withTable(inside, network, `${headingOf(network)}: MB.\n\n| batch |\n| ---: |\n| ${cell} |`),
      )
    const r18 = { arch: 'resnet18', stem: 'imagenet', size: 32 } as const
    await put(r18, '1')
    await put({ ...r18, stem: 'cifar' }, '2')
    await put({ arch: 'resnet50', stem: 'imagenet', size: 64 }, '3')
    await put({ ...r18, stem: 'cifar' }, '4')
    const table = (heading: string, cell: string) => `${heading}: MB.\n\n| batch |\n| ---: |\n| ${cell} |\n\n`
    expect(readFileSync(file, 'utf8')).to.equal(
      'before\n\n<!-- memory -->\n\n' +
        table('resnet18 (imagenet stem) at 32 px', '1') +
        table('resnet18 (cifar stem) at 32 px', '4') +
        table('resnet50 (imagenet stem) at 64 px', '3') +
        '<!-- /memory -->\n\nafter\n',
    )
  })

  it('need their marks', async () => {
    const file = folder('bare.md')
    writeFileSync(file, 'nothing\n')
    const error = await rewriteMarked(file, 'memory', () => '').catch((error: Error) => error)
    expect((error as Error).message).to.equal(`Expected <!-- memory --> and <!-- /memory --> in ${file}.`)
  })
})
