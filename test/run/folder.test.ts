import { fork } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, rmdirSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import { SimclrError } from '../../lib/addon/errors.ts'
import { resolve } from '../../lib/config/resolve.ts'
import { newRunPath, RunFolder, readConfig } from '../../lib/run/folder.ts'
import { temporaryFolder } from '../support/folder.ts'

const refusal = async (promise: Promise<unknown>): Promise<SimclrError> => {
  const error = await promise.then(
    () => expect.fail('was not refused'),
    (reason) => reason,
  )
  expect(error).to.be.instanceOf(SimclrError)
  return error
}

const { config: ranWith } = resolve(
  { threads: 1 },
  {
    data: { images: 12, imageSize: 32, labelled: false, isDefault: false },
    machine: { cores: 1, devices: ['cpu'], gpuProblem: null, bf16Speed: () => 1 },
  },
)

describe('run folder', () => {
  const path = temporaryFolder()

  it('is made where it is not there', async () => {
    const folder = await RunFolder.open(path('deep', 'run'))
    expect(existsSync(folder.checkpoints)).to.equal(true)
    await folder.close()
  })

  it('is rid of what a killed run was in the middle of writing', async () => {
    mkdirSync(path('rid', 'checkpoints'), { recursive: true })
    const names = [
      '.config.json.0123456789ab.tmp',
      '.best.safetensors.0123456789ab.tmp',
      'checkpoints/.step-00000003.safetensors.0123456789ab.tmp',
    ]
    for (const name of [...names, 'notes.tmp']) writeFileSync(path('rid', name), 'half')
    await (await RunFolder.open(path('rid'))).close()
    expect([...names, 'notes.tmp'].filter((name) => existsSync(path('rid', name)))).to.deep.equal([
      'notes.tmp',
    ])
  })

  it("is not rid of others' files, and is free again where that fails", async () => {
    mkdirSync(path('others'))
    const names = ['.notes.0123456789ab.tmp', '.config.json.tmp', '.config.json.old.tmp']
    for (const name of names) writeFileSync(path('others', name), 'mine')
    await (await RunFolder.open(path('others'))).close()
    expect(readdirSync(path('others'))).to.include.members(names)

    mkdirSync(path('others', '.config.json.0123456789ab.tmp')) // a folder is no file that can be removed
    const failed = await RunFolder.open(path('others')).catch((error) => error)
    expect(failed).to.be.instanceOf(Error).and.not.have.property('code', 'ERR_SIMCLR_BUSY')
    rmdirSync(path('others', '.config.json.0123456789ab.tmp'))
    await (await RunFolder.open(path('others'))).close()
  })

  it('belongs to one run at a time', async () => {
    const folder = await RunFolder.open(path('one'))
    expect(await refusal(RunFolder.open(path('one')))).to.have.property('code', 'ERR_SIMCLR_BUSY')
    await folder.close()
    await (await RunFolder.open(path('one'))).close()
  })

  it('belongs to one process at a time, and is free as soon as that one is killed', async () => {
    const holder = fork(new URL('./hold-folder.ts', import.meta.url), [path('two')], {
      execArgv: ['--import', 'tsx'],
    })
    await once(holder, 'message')
    expect(await refusal(RunFolder.open(path('two')))).to.have.property('code', 'ERR_SIMCLR_BUSY')
    holder.kill('SIGKILL')
    await once(holder, 'exit')
    await (await RunFolder.open(path('two'))).close()
  })

  it('says what is wrong where it cannot be made', async () => {
    writeFileSync(path('file'), '')
    const error = await refusal(RunFolder.open(path('file')))
    expect(error.code).to.equal('ERR_SIMCLR_IO')
    expect(error.message).to.contain('Choose another `out`')
  })

  it('has no config.json at first, and a damaged one is an error', async () => {
    const folder = await RunFolder.open(path('three'))
    expect(await readConfig(folder.path)).to.equal(null)
    writeFileSync(path('three', 'config.json'), '{')
    expect(await refusal(readConfig(folder.path))).to.have.property('code', 'ERR_SIMCLR_CORRUPT_FILE')
    await folder.close()
  })

  it('has a config.json of the kinds that a run writes, or what is wrong is named', async () => {
    const config = {
      simclr: '0.1.0',
      // Another version may have more, and take other values.
      options: { ...ranWith, temperature: 1e-9, later: { new: true } },
      why: { seed: { by: 'default', text: 'default' } },
      data: { name: 'photos', images: 12, classes: null },
      validation: null,
      plan: { images: 12, epochs: 3, steps: 9, warmupSteps: 0 },
    }
    const written = (value: unknown) => writeFileSync(path('config.json'), JSON.stringify(value))
    written(config)
    expect(await readConfig(path())).to.deep.equal(config)
    const wrong: [string, unknown][] = [
      ['plan.epochs', { ...config, plan: { ...config.plan, epochs: '<script>' } }],
      [
        'options.encoder.arch',
        { ...config, options: { ...ranWith, encoder: { ...ranWith.encoder, arch: 18 } } },
      ],
      ['why.seed', { ...config, why: { seed: 0 } }],
      ['why.seed.text', { ...config, why: { seed: { by: 'default' } } }],
      ['data', { ...config, data: undefined }],
      ['validation', { ...config, validation: undefined }],
    ]
    for (const [name, value] of wrong) {
      written(value)
      const error = await refusal(readConfig(path()))
      expect([error.code, error.message], name).to.satisfy(
        ([code, message]: string[]) =>
          code === 'ERR_SIMCLR_CORRUPT_FILE' && message!.includes(`(\`${name}\`)`),
      )
    }
  })

  it('is named by the time it was begun, and is another one for each run', async () => {
    const before = process.cwd()
    process.chdir(path())
    try {
      const now = new Date('2026-05-04T15:30:12.345Z')
      const paths = await Promise.all([newRunPath(now), newRunPath(now), newRunPath(now)])
      const name = 'runs/2026-05-04-153012'
      expect(paths.sort()).to.deep.equal([name, `${name}-2`, `${name}-3`])
    } finally {
      process.chdir(before)
    }
  })

  it('says so where the folder for runs is a file', async () => {
    const before = process.cwd()
    mkdirSync(path('elsewhere'))
    writeFileSync(path('elsewhere', 'runs'), '')
    process.chdir(path('elsewhere'))
    try {
      expect(await refusal(newRunPath())).to.have.property('code', 'ERR_SIMCLR_IO')
    } finally {
      process.chdir(before)
    }
  })

  it('is made together with others under a new parent', async () => {
    const runs = await Promise.all(
      Array.from({ length: 20 }, (_, i) => RunFolder.open(path('new/day', `${i}`))),
    )
    await Promise.all(runs.map((run) => run.close()))
    expect(readdirSync(path('new/day'))).to.have.lengthOf(20)
  })
})
