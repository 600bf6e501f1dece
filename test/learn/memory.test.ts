import { spawnSync } from 'node:child_process'
import { expect } from 'chai'

/** In a process of its own, whose address space is limited once everything is loaded. */
const script = `
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { loadAddon } from './lib/addon/load.ts'
import { supervisedSpec, tinySpec, views } from './test/learn/support.ts'
const [precision, objective] = process.argv.slice(1)
const supervised = objective === 'supervised'
const specOf = supervised ? supervisedSpec : tinySpec
const labels = (count) => supervised ? new Int32Array(count) : null
const learner = new (loadAddon().Learner)(specOf({ precision, encoder: { arch: 'resnet18', width: 1, stem: 'cifar', convention: 'torch', skRatio: 0 } }))
await learner.stepViews(views(4, 8), labels(4), 0.1)
const used = Number(/VmSize:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))[1])
const limit = spawnSync('prlimit', ['--pid', String(process.pid), '--as=' + (used * 1024 + 400e6)])
if (limit.status !== 0) throw limit.error ?? new Error(String(limit.stderr))
try {
  await learner.stepViews(views(32, 128), labels(32), 0.1)
} catch (error) {
  console.log(JSON.stringify({ code: error.code, message: error.message }))
}
process.kill(process.pid, 'SIGKILL') // with no memory left there is no orderly way out
`

describe('memory that runs out', function () {
  this.timeout(60_000)

  for (const [precision, objective, during, advice] of [
    ['fp32', 'contrastive', '16 images in 2 views', "set `chunkSize`, or set `precision` to 'bf16'"],
    [
      ...['bf16', 'contrastive', '16 images in 2 views'],
      'Lower `batchSize`, `views`, `imageSize` or `encoder.width`, set `chunkSize`. (',
    ],
    [
      ...['bf16', 'supervised', '32 images in 1 views'],
      'Lower `batchSize`, `views`, `imageSize` or `encoder.width`. (',
    ],
    ['tf32', 'supervised', '32 images in 1 views', "`encoder.width`, or set `precision` to 'bf16'"],
  ]) {
    it(`in ${precision}, ${objective}: the error says for what, and what to lower`, () => {
      const args = ['--import', 'tsx', '--input-type=module', '-e', script, precision!, objective!]
      const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
      expect(stdout, stderr).to.match(/^\{/)
      const { code, message } = JSON.parse(stdout)
      expect(code).to.equal('ERR_SIMCLR_OUT_OF_MEMORY')
      expect(message).to.contain(`a step of ${during}, precision ${precision}, on cpu`)
      expect(message).to.contain(advice)
    })
  }
})
