import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { SimclrError } from '../../lib/addon/errors.ts'
import type { TrainOptions } from '../../lib/config/options.ts'
import type { StepEvent } from '../../lib/run/events.ts'
import { GrowingFile } from '../../lib/run/growing-file.ts'
import { TensorBoardLog } from '../../lib/run/tensorboard.ts'
import { train } from '../../lib/train.ts'
import { temporaryFolder } from '../support/folder.ts'
import { mountTmpfs } from '../support/mount.ts'
import { rejection } from '../support/rejection.ts'
import { listener, tiny } from '../support/tiny.ts'

/** A folder in the place of a file cannot be written, by root neither. */
describe('a file of a run that cannot be written', function () {
  this.timeout(120_000)
  const mounted: string[] = []
  after(() => {
    for (const folder of mounted) execFileSync('umount', [folder])
  })
  const path = temporaryFolder() // its own clean-up comes after the one above

  const expectIo = (error: unknown, ...parts: string[]) => {
    expect(error).to.be.instanceOf(SimclrError).with.property('code', 'ERR_SIMCLR_IO')
    for (const part of parts)
      expect((error as Error).message)
        .to.contain(part)
        .and.not.contain('.tmp')
  }

  for (const name of ['config.json', 'metrics.jsonl', 'events.out.tfevents.simclr', 'best.safetensors']) {
    it(`${name}: an error that names it, before the first step`, async () => {
      mkdirSync(path(`before-${name}`, name), { recursive: true })
      const { events, onProgress } = listener()
      const error = await rejection(train({ ...tiny, out: path(`before-${name}`), onProgress }))
      expectIo(error, path(`before-${name}`, name), 'it is a folder')
      expect(events.filter(({ type }) => type === 'step')).to.deep.equal([])
    })
  }

  for (const [name, more] of [
    ['encoder.safetensors', {}],
    ['best.safetensors', { validation: { data: 'synthetic:scenes,count=20,size=16,seed=1' } }],
  ] as [string, TrainOptions][]) {
    it(`${name}, in the end: an error that names it, and a checkpoint of all steps before`, async () => {
      const out = path(`after-${name}`)
      const onProgress = ({ type }: { type: string }) => {
        if (type === 'step') mkdirSync(join(out, name), { recursive: true })
      }
      const checkpoint = { everySeconds: null, everySteps: 1, keep: 20 }
      const error = await rejection(train({ ...tiny, epochs: 1, checkpoint, ...more, out, onProgress }))
      expectIo(error, join(out, name), 'it is a folder')
      expect(existsSync(join(out, 'checkpoints', 'step-00000005.safetensors'))).to.equal(true)
    })
  }

  it('a log that grows: no raw error where the disk is full, and what was there stays', async function () {
    if (!mountTmpfs(path('small'), 'size=64k')) return this.skip()
    mounted.push(path('small'))
    const step = { type: 'step', step: 0, epoch: 0, time: 1, loss: 1 } as StepEvent
    const board = await TensorBoardLog.open(path('small', 'events'), [])
    for (let i = 0; i < 5000; i++) board.write(step)
    expectIo(await rejection(board.flush()), path('small', 'events'), 'ENOSPC')
    await board.close()
    expectIo(
      await rejection(GrowingFile.begin(path('small', 'other'), 'x')),
      path('small', 'other'),
      'ENOSPC',
    )
    expect(readFileSync(path('small', 'events')).includes('brain.Event:2')).to.equal(true)
  })
})
