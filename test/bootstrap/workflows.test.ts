import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { packageRoot } from '../../lib/addon/binary.ts'
import { repository } from '../../scripts/pack.mjs'

const folder = join(packageRoot, '.github/workflows')
const workflows = readdirSync(folder).map((name) => ({
  name,
  text: readFileSync(join(folder, name), 'utf8'),
}))

describe('workflows of GitHub', () => {
  it('take actions by the commit, and images by a tag that does not move', () => {
    const used = workflows.flatMap(({ text }) => [...text.matchAll(/uses: (\S+)(.*)/g)])
    expect(used).not.to.be.empty
    for (const [line, action, comment] of used) {
      expect(action, line).to.match(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/)
      expect(comment, line).to.match(/^ # v\d+\.\d+\.\d+$/)
    }
    for (const { text } of workflows)
      for (const [line, image] of text.matchAll(/container: (\S+)/g))
        expect(image, line).to.match(/:\d{4}\.\d{2}\.\d{2}-\d+$/)
  })

  it('the release’s matrix has all that its jobs ask of it', () => {
    const script = join(packageRoot, 'scripts/matrix.mjs')
    const { include } = JSON.parse(execFileSync(process.execPath, [script], { encoding: 'utf8' }))
    const { text } = workflows.find(({ name }) => name === 'release.yml')!
    const asked = new Set([...text.matchAll(/(?:\$\{\{|if:) matrix\.(\w+)/g)].map(([, field]) => field!))
    expect([...asked]).to.include.members(['variant', 'torch', 'name', 'platform', 'package'])
    for (const row of include) expect(row).to.include.all.keys(...asked)
  })

  it('the release verifies what it publishes: packed, installed elsewhere, before it is handed on', () => {
    const { text } = workflows.find(({ name }) => name === 'release.yml')!
    const steps = ['npm run prebuild', 'scripts/pack.mjs "$RUNNER_TEMP/tarballs"', 'cd "$RUNNER_TEMP/app"']
    steps.push('npm install --ignore-scripts', 'npx simclr verify', 'actions/upload-artifact')
    const places = steps.map((step) => text.indexOf(step))
    expect(places).to.not.include(-1)
    expect(places).to.deep.equal([...places].sort((a, b) => a - b))
    expect(text).to.not.contain('dist/cli/main.js verify')
  })

  it('packages name the repository whose workflow publishes them, and none elsewhere', () => {
    const on = { GITHUB_SERVER_URL: 'https://github.com', GITHUB_REPOSITORY: 'someone/simclr' }
    const url = 'git+https://github.com/someone/simclr.git'
    expect(repository(on)).to.deep.equal({ repository: { type: 'git', url } })
    expect(repository({})).to.deep.equal({})
  })
})
