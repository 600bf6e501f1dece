import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import { PeersBySetting } from '../../bench/measure/peer.ts'
import { memoryFormats } from '../../bench/measure/setting.ts'
import { temporaryFolder } from '../support/folder.ts'

describe('a peer in its settings', () => {
  const folder = temporaryFolder()
  /** In the place of Python: answers every line with the number that `rate`, a piece of shell, makes of its arguments. */
  const pythonThat = (name: string, rate: string) => {
    mkdirSync(folder(`${name}/bin`), { recursive: true })
    const python = folder(`${name}/bin/python`)
    writeFileSync(python, `#!/bin/sh\nwhile read -r line; do case "$*" in ${rate} esac; done\n`)
    chmodSync(python, 0o755)
    return folder(name)
  }
  const measure = async (peers: PeersBySetting) => {
    const rates: number[] = []
    for (const side of peers.sides(3)) rates.push(await side())
    return rates
  }

  it('is the best of all cores’ threads and one, in each memory format', async () => {
    const venv = pythonThat(
      'formats',
      '*"step.py --size 8 --threads 1 --memory-format contiguous") echo 40;; *"--threads 1"*) echo 30;; *contiguous) echo 20;; *) echo 10;;',
    )
    using peers = new PeersBySetting(venv, 'step.py', 2, ['--size', 8], memoryFormats)
    expect(peers.settings).to.deep.equal([
      { threads: 2, memoryFormat: 'channels_last' },
      { threads: 2, memoryFormat: 'contiguous' },
      { threads: 1, memoryFormat: 'channels_last' },
      { threads: 1, memoryFormat: 'contiguous' },
    ])
    const rates = await measure(peers)
    expect(rates).to.deep.equal([10, 20, 30, 40])
    expect(peers.best(rates)).to.deep.equal({ rate: 40, setting: '1 thread, contiguous' })
  })

  it('has no memory format where its script has no images', async () => {
    using peers = new PeersBySetting(
      pythonThat('plain', '*format*) echo 1;; *) echo "$line";;'),
      'lars.py',
      1,
    )
    expect(await measure(peers)).to.deep.equal([3])
    expect(peers.settings).to.deep.equal([{ threads: 1 }])
  })

  it('is none without an environment', () => {
    using peers = new PeersBySetting(null, 'step.py', 2, [], memoryFormats)
    expect([peers.sides(1), peers.best([])]).to.deep.equal([[], null])
  })
})
