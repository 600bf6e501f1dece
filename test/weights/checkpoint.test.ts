import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import type { ResolvedConfig } from '../../lib/config/resolved.ts'
import { writeSafetensors } from '../../lib/io/safetensors.ts'
import { tensorFrom } from '../../lib/io/tensor.ts'
import {
  type Checkpoint,
  listCheckpoints,
  newestCheckpoint,
  pruneCheckpoints,
  readCheckpoint,
  writeCheckpoint,
} from '../../lib/weights/checkpoint.ts'
import { temporaryFolder } from '../support/folder.ts'

const at = (step: number): Checkpoint => ({
  step,
  images: 100,
  isStreamed: false,
  fingerprint: 'of some pixels',
  classNames: ['cat', 'dog, large'],
  teacher: 'their checksum',
  config: { seed: 7 } as ResolvedConfig,
  tensors: [
    tensorFrom('encoder.conv1.weight', [2, 3], Float32Array.from([1, -0, Number.NaN, 3, 1e-40, step])),
    tensorFrom('optimizer.conv1.weight', [0], new Float32Array()),
  ],
})

const rejection = async (promise: Promise<unknown>): Promise<Error & { code: string }> => {
  try {
    await promise
  } catch (error) {
    return error as Error & { code: string }
  }
  return expect.fail('was not refused')
}

describe('checkpoints', () => {
  const path = temporaryFolder()
  let count = 0
  const folder = (): string => {
    const name = path(`run-${count++}`)
    mkdirSync(name)
    return name
  }

  it('come back bit by bit', async () => {
    const read = await readCheckpoint(await writeCheckpoint(folder(), at(12)))
    expect({ ...read, tensors: [] }).to.deep.equal({ ...at(12), tensors: [] })
    const bytes = (checkpoint: Checkpoint) =>
      checkpoint.tensors.map(({ data }) => Buffer.from(data).toString('hex'))
    expect(bytes(read)).to.deep.equal(bytes(at(12)))
  })

  it('are listed newest first by step, and only the newest few are kept', async () => {
    const runs = folder()
    for (const step of [5, 100, 20]) await writeCheckpoint(runs, at(step))
    const steps = (paths: string[]) => paths.map((name) => Number(/step-(\d+)/.exec(name)![1]))
    expect(steps(await listCheckpoints(runs))).to.deep.equal([100, 20, 5])
    const kept = await pruneCheckpoints(await listCheckpoints(runs), 2)
    expect(steps(kept)).to.deep.equal([100, 20])
    expect(await listCheckpoints(runs)).to.deep.equal(kept)
  })

  it('are none where there are none', async () => {
    expect(await newestCheckpoint(folder(), () => expect.fail('none is unusable'))).to.equal(null)
    expect(await newestCheckpoint(path('absent'), () => expect.fail('none is unusable'))).to.equal(null)
  })

  describe('that cannot be used are refused by name, the one before is used, nothing is deleted', () => {
    const flip = (file: string, offset: number) => {
      const bytes = readFileSync(file)
      bytes[(offset + bytes.length) % bytes.length]! ^= 1
      writeFileSync(file, bytes)
    }
    const harms: Record<string, (file: string) => void | Promise<void>> = {
      truncated: (file) => writeFileSync(file, readFileSync(file).subarray(0, -3)),
      empty: (file) => writeFileSync(file, ''),
      'one bit wrong in a weight': (file) => flip(file, -2),
      'one bit wrong in the step': (file) => {
        const bytes = readFileSync(file, 'latin1')
        writeFileSync(file, bytes.replace('"step":"20"', '"step":"21"'), 'latin1')
      },
      foreign: (file) => writeSafetensors(file, at(1).tensors, { format: 'pt' }),
      'of a newer format': (file) =>
        writeSafetensors(file, at(1).tensors, { format: 'simclr-checkpoint', version: '9' }),
    }
    for (const [name, harm] of Object.entries(harms)) {
      it(name, async () => {
        const runs = folder()
        await writeCheckpoint(runs, at(10))
        const bad = await writeCheckpoint(runs, at(20))
        await harm(bad)
        const before = readdirSync(runs)

        const error = await rejection(readCheckpoint(bad))
        expect(error.code).to.be.oneOf(['ERR_SIMCLR_CHECKPOINT', 'ERR_SIMCLR_CORRUPT_FILE'])
        expect(error.message).to.contain(bad)

        const unusable: string[] = []
        const newest = await newestCheckpoint(runs, (file) => unusable.push(file))
        expect(newest).to.include({ step: 10, path: join(runs, 'step-00000010.safetensors') })
        expect(unusable).to.deep.equal([bad])
        expect(readdirSync(runs)).to.deep.equal(before)
      })
    }

    it('and where none is left, the run does not start over by itself', async () => {
      const runs = folder()
      writeFileSync(await writeCheckpoint(runs, at(1)), 'x')
      const error = await rejection(newestCheckpoint(runs, () => {}))
      expect(error).to.have.property('code', 'ERR_SIMCLR_CHECKPOINT')
      expect(error.message).to.contain('Nothing was deleted')
    })

    it('and are put aside, not overwritten, when the run reaches their step again', async () => {
      const runs = folder()
      const file = await writeCheckpoint(runs, at(1))
      writeFileSync(file, 'x')
      await writeCheckpoint(runs, at(1))
      expect(readFileSync(`${file}.aside-1`, 'utf8')).to.equal('x')
      expect((await readCheckpoint(file)).step).to.equal(1)
    })
  })

  it('that cannot be written leave a clear error and the earlier ones', async () => {
    const runs = folder()
    await writeCheckpoint(runs, at(1))
    const error = await rejection(writeCheckpoint(path('absent'), at(2)))
    expect(error).to.have.property('code', 'ERR_SIMCLR_IO')
    expect(error.message).to.contain('Earlier checkpoints are untouched')
    expect(await listCheckpoints(runs)).to.have.length(1)
  })
})
