import { existsSync, rmSync } from 'node:fs'
import { expect } from 'chai'
import { SimclrError } from '../../lib/addon/errors.ts'
import type { TrainOptions } from '../../lib/config/options.ts'
import { train } from '../../lib/train.ts'
import { listener, numbers } from './tiny.ts'

const refusals = ['ERR_SIMCLR_INVALID_ARGUMENT', 'ERR_SIMCLR_DATA', 'ERR_SIMCLR_INCOMPATIBLE_WEIGHTS']

/** Any options either train two steps to finite numbers, or are refused before anything starts. */
export async function trainsOrIsRefused(options: TrainOptions, out: string): Promise<'trained' | 'refused'> {
  const { events, onProgress } = listener()
  try {
    const run = await train({ ...options, steps: 2, report: false, out, onProgress })
    run.encoder.dispose()
    expect(numbers(events)).to.have.length(2)
    expect(run.history.length).to.be.within(1, 2)
    for (const { loss, entropy } of run.history) expect(loss + (entropy ?? 0)).to.satisfy(Number.isFinite)
    expect(existsSync(`${out}/encoder.safetensors`)).to.equal(true)
    return 'trained'
  } catch (error) {
    if (!(error instanceof SimclrError)) throw error
    expect(error.code).to.be.oneOf(refusals)
    expect(error.message).to.match(/^Expected /)
    expect(numbers(events)).to.deep.equal([])
    expect(existsSync(out)).to.equal(false)
    return 'refused'
  } finally {
    rmSync(out, { recursive: true, force: true })
  }
}
