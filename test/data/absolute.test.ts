import { mkdirSync } from 'node:fs'
import { expect } from 'chai'
import { absoluteData } from '../../lib/data/absolute.ts'
import { temporaryFolder } from '../support/folder.ts'

describe('names of data that mean the same in every folder', () => {
  const folder = temporaryFolder()
  const within = (name: string, work: () => void) => {
    const before = process.cwd()
    mkdirSync(folder(name), { recursive: true })
    process.chdir(folder(name))
    try {
      work()
    } finally {
      process.chdir(before)
    }
  }

  it('have absolute paths, each kind its own way', () => {
    within('work', () => {
      const here = process.cwd()
      const names = {
        photos: `${here}/photos`,
        './a:b': `${here}/a:b`,
        '../list.txt': `${here.slice(0, -5)}/list.txt`,
        '/else/where': '/else/where',
        'pack:a.pack': `pack:${here}/a.pack`,
        'folder:.': `folder:${here}`,
        'tar:/x.tar': 'tar:/x.tar',
        'cifar10:data,split=test': `cifar10:${here}/data,split=test`,
        'stl10:data,split=train+unlabeled': `stl10:${here}/data,split=train+unlabeled`,
        'idx:a.gz,b.gz': `idx:${here}/a.gz,${here}/b.gz`,
        'idx:a': `idx:${here}/a`,
        'webdataset:x-{000..146}.tar': `webdataset:${here}/x-{000..146}.tar`,
        'webdataset:/x/*.tar': 'webdataset:/x/*.tar',
        'synthetic:scenes,count=9,size=8': 'synthetic:scenes,count=9,size=8',
        'fashion-mnist': 'fashion-mnist',
        'fashion-mnist:test': 'fashion-mnist:test',
      }
      for (const [given, absolute] of Object.entries(names)) expect(absoluteData(given)).to.equal(absolute)
    })
  })

  it('stay as they are where the folder would be taken for something else', () => {
    within('a,b', () => expect(absoluteData('idx:x,y')).to.equal('idx:x,y'))
    within('a,split=b', () => expect(absoluteData('cifar10:x')).to.equal('cifar10:x'))
    within('a{b,c}', () => expect(absoluteData('webdataset:*.tar')).to.equal('webdataset:*.tar'))
    within('a{b,c}', () => expect(absoluteData('pack:x')).to.equal(`pack:${process.cwd()}/x`))
  })
})
