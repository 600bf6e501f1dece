import { spawnSync } from 'node:child_process'
import { expect } from 'chai'

/** In a process of its own, whose address space is limited once everything is loaded. */
const script = `
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { loadAddon } from './lib/addon/load.ts'
import { tinySpec, views } from './test/learn/support.ts'
const learner = new (loadAddon().Learner)(tinySpec({ precision: process.argv[1], encoder: { arch: 'resnet18', width: 1, stem: 'cifar', convention: 'torch', skRatio: 0 } }))
await learner.stepViews(views(4, 8), null, 0.1)
const used = Number(/VmSize:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1])
const limit = spawnSync('prlimit', ['--pid', String(process.pid), '--as=' + (used * 1024 + 400e6)])
if (limit.status !== 0) throw limit.error ?? new Error(String(limit.stderr))
try {
  await learner.stepViews(views(32, 128), null, 0.1)
} catch (error) {
  console.log(JSON.stringify({ code: error.code, message: error.message }))
}
process.kill(process.pid, 'SIGKILL') // with no memory left there is no orderly way out
`

describe('memory that runs out', function () {
  this.timeout(60_000)

  for (const [precision, advice] of [
    ['fp32', "set `precision` to 'bf16'"],
    ['bf16', 'Lower `batchSize`, `views`, `imageSize` or `encoder.width`, set `chunkSize`. ('],
  ]) {
    it(`in ${precision}: the error says for what, and what to lower`, () => {
      const args = ['--import', 'tsx', '--input-type=module', '-e', script, precision!]
      const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
      expect(stdout, stderr).to.match(/^\{/)
      const { code, message } = JSON.parse(stdout)
      expect(code).to.equal('ERR_SIMCLR_OUT_OF_MEMORY')
      expect(message).to.contain(`a step of 16 images in 2 views, precision ${precision}, on cpu`)
      expect(message).to.contain(advice)
    })
  }
})
