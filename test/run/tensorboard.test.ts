import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { crc32c } from '../../lib/io/crc32c.ts'
import type { EpochEvent, StepEvent } from '../../lib/run/events.ts'
import { TensorBoardLog } from '../../lib/run/tensorboard.ts'
import { temporaryFolder } from '../support/folder.ts'

// What real TensorBoard makes of it: test/slow/tensorboard.test.ts.

describe('CRC-32C', () => {
  it('gives the values of RFC 3720, B.4', () => {
    expect(crc32c(Buffer.from('123456789'))).to.equal(0xe3069283)
    expect(crc32c(new Uint8Array(32))).to.equal(0x8a9136aa)
    expect(crc32c(new Uint8Array(32).fill(0xff))).to.equal(0x62a8ab43)
  })
})

describe('event file', () => {
  const path = temporaryFolder()
  const step = {
    type: 'step',
    time: 1,
    step: 300,
    epoch: 0,
    loss: 0.5,
    lr: 0.1,
    probeLoss: null,
  } as StepEvent
  const epoch = {
    type: 'epoch',
    time: 2,
    epoch: 0,
    step: 301,
    loss: 0.5,
    knn: 0.25,
    probeAccuracy: null,
    validation: null,
  } as EpochEvent

  /** The records' data; fails where a length does not fit. */
  const records = (bytes: Buffer): Buffer[] => {
    const found: Buffer[] = []
    let at = 0
    while (at < bytes.length) {
      const length = Number(bytes.readBigUInt64LE(at))
      found.push(bytes.subarray(at + 12, at + 12 + length))
      at += 12 + length + 4
    }
    expect(at).to.equal(bytes.length)
    return found
  }

  it('has a head and one record a metric, those kept from before included', async () => {
    const log = await TensorBoardLog.open(path('events'), [step])
    log.write(epoch)
    await log.close()
    const [head, first, second, ...more] = records(readFileSync(path('events')))
    expect(more).to.deep.equal([])
    expect(head!.toString('latin1')).to.contain('brain.Event:2')
    expect(first!.toString('latin1')).to.contain('train/loss').and.not.contain('linear_head_loss')
    expect(first!.includes(Buffer.from([0x10, 0xad, 0x02]))).to.equal(true) // step 301 as a varint
    expect(second!.toString('latin1')).to.contain('epoch/knn')
  })

  it('is begun anew when a run goes on', async () => {
    await (await TensorBoardLog.open(path('again'), [step, epoch])).close()
    await (await TensorBoardLog.open(path('again'), [step])).close()
    expect(records(readFileSync(path('again')))).to.have.length(2)
  })
})
