import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { copyTree } from '../../scripts/mutants/tree.ts'
import { temporaryFolder } from '../support/folder.ts'

describe('the copy that mutants are put into', () => {
  const path = temporaryFolder()

  it('follows the working tree: new, changed and deleted files, tracked or not; its own builds stay', () => {
    const [root, copy] = [path('checkout'), path('checkout/build/mutants')]
    const write = (...[file, text]: [string, string]) => {
      mkdirSync(join(root, file, '..'), { recursive: true })
      writeFileSync(join(root, file), text)
    }
    const git = (...args: string[]) => execFileSync('git', args, { cwd: root })
    write('.gitignore', '/build*/\n/dist/\n')
    for (const file of ['kept.ts', 'changed.ts', 'tracked/deleted.ts', 'tracked/renamed.ts'])
      write(file, 'before')
    git('init', '-q')
    git('add', '.')
    write('untracked.ts', 'before')
    copyTree(root, copy)
    const at = (file: string) => join(copy, file)
    expect(readFileSync(at('untracked.ts'), 'utf8')).to.equal('before')
    expect(existsSync(at('build'))).to.equal(false)
    mkdirSync(at('build'))
    writeFileSync(at('build/addon'), 'built')
    const { mtimeMs } = statSync(at('kept.ts'))

    write('changed.ts', 'after')
    rmSync(join(root, 'tracked/deleted.ts'))
    rmSync(join(root, 'untracked.ts'))
    git('mv', 'tracked/renamed.ts', 'new-name.ts')
    copyTree(root, copy)
    expect(readFileSync(at('changed.ts'), 'utf8')).to.equal('after')
    expect(readFileSync(at('new-name.ts'), 'utf8')).to.equal('before')
    for (const file of ['tracked/deleted.ts', 'tracked/renamed.ts', 'untracked.ts']) {
      expect(existsSync(at(file)), file).to.equal(false)
    }
    expect(statSync(at('kept.ts')).mtimeMs).to.equal(mtimeMs)
    expect(readFileSync(at('build/addon'), 'utf8')).to.equal('built')
  })
})
