import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { newestCheckpoint } from '../../lib/weights/checkpoint.ts'
import { simclrMain } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { tinyFlags } from '../support/tiny.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** SIGHUP to all processes of a command, as a terminal sends it that is closed, once its stdout has `moment`. */
async function hungUp(args: string[], moment: RegExp, env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [simclrMain, ...args, '--json'], {
    cwd: root,
    detached: true,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  let told = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const before = moment.test(told)
    told += text
    if (!before && moment.test(told)) process.kill(-child.pid!, 'SIGHUP')
  })
  const [code, signal] = await once(child, 'close')
  expect(told).to.match(moment)
  return { code, signal }
}

describe('a terminal that is closed', function () {
  this.timeout(120_000)
  const path = temporaryFolder()
  const train = ['train', ...tinyFlags, '--checkpoint-every-seconds', 'null']
  const step = /"type":"step"/

  for (const [how, more] of [
    ['in one process', []],
    ['in an isolated process', ['--isolate']],
    ['of two ranks', ['--processes', '2']],
  ] as const) {
    it(`does not end a run ${how}`, async () => {
      const args = [...train, '--epochs', '20', ...more, '--out', path(how)]
      expect(await hungUp(args, step)).to.deep.equal({ code: 0, signal: null })
      expect(existsSync(path(how, 'encoder.safetensors'))).to.equal(true)
    })
  }

  it('ends a run that a launcher started, which would kill it: with a checkpoint', async () => {
    const args = [...train, '--epochs', '100000', '--out', path('launched')]
    const env = { RANK: '0', WORLD_SIZE: '1' }
    expect(await hungUp(args, step, env)).to.deep.equal({ code: 130, signal: null })
    const checkpoint = await newestCheckpoint(path('launched', 'checkpoints'), () => expect.fail('damaged'))
    expect(checkpoint!.step).to.be.above(0)
  })

  it('ends other commands in order, as SIGTERM does', async () => {
    const args = ['watch', path('in one process')]
    expect(await hungUp(args, /"type":"watch"/)).to.deep.equal({ code: 0, signal: null })
  })
})
