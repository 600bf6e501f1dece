import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { packageRoot } from '../../lib/addon/binary.ts'
import { temporaryFolder } from '../support/folder.ts'

/** What pages take for granted: the reader's own. */
const readers = `
import type { ImageInput, TrainEvent } from 'simclr'
declare global {
  const signal: AbortSignal
  const onProgress: (event: TrainEvent) => void
  const jpegBuffer: Buffer
  const pixels: Uint8Array
  const bytes: Uint8Array
  const images: ImageInput[]
  const labels: number[]
  const names: string[]
  const rows: { id: string; class: number }[]
  const db: { photo(id: string): Promise<{ bytes: Buffer }> }
}
`

describe('TypeScript on the pages', function () {
  this.timeout(120_000)
  const folder = temporaryFolder()

  before(async () => {
    const config = {
      extends: join(packageRoot, 'tsconfig.json'),
      compilerOptions: {
        noEmit: true,
        allowImportingTsExtensions: true,
        noUncheckedIndexedAccess: false, // stricter than readers' projects are
        rootDir: '/',
        rootDirs: [folder(), packageRoot], // a page's './lib' is the checkout's
        paths: { simclr: [join(packageRoot, 'lib/index.ts')] },
        typeRoots: [join(packageRoot, 'node_modules/@types')],
      },
      include: [folder()],
    }
    await symlink(join(packageRoot, 'node_modules'), folder('node_modules'))
    await writeFile(folder('package.json'), '{ "type": "module" }')
    await writeFile(folder('readers.d.ts'), readers)
    await writeFile(folder('tsconfig.json'), JSON.stringify(config))
  })

  /** What the compiler says of blocks of code, each a module of its own; '' for nothing. */
  async function check(blocks: { name: string; code: string }[]): Promise<string> {
    for (const { name, code } of blocks) await writeFile(folder(`${name}.ts`), `${code}\nexport {}\n`)
    const tsc = join(packageRoot, 'node_modules/.bin/tsc')
    return promisify(execFile)(tsc, ['-p', folder(), '--pretty', 'false']).then(
      () => '',
      (error: { stdout: string }) => error.stdout,
    )
  }

  it('means something to the compiler, types and names of options included', async () => {
    const pages = ['README.md', ...readdirSync(join(packageRoot, 'docs')).map((name) => `docs/${name}`)]
    const blocks = pages
      .filter((page) => page.endsWith('.md'))
      .flatMap((page) => {
        const text = readFileSync(join(packageRoot, page), 'utf8')
        return [...text.matchAll(/```(?:[jt]s|javascript|typescript)\n([\s\S]*?)```/g)].map(
          ([, code], i) => ({
            name: `${page.replace(/\W/g, '-')}-${i}`,
            code: code!,
          }),
        )
      })
    expect(blocks).to.have.length.above(7)
    expect(await check(blocks)).to.equal('')
  })

  it('is told apart from code that means nothing', async () => {
    const said = await check([
      { name: 'wrong', code: "import { train } from 'simclr'\nawait train({ epoch: 3 })" },
    ])
    expect(said).to.match(/wrong\.ts.*epoch/)
  })
})
