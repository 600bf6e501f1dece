import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { expect } from 'chai'
import sharp from 'sharp'
import { simclr, simclrMain } from '../support/cli.ts'
import { temporaryFolder } from '../support/folder.ts'
import { tinyFlags, tiny as tinyOptions } from '../support/tiny.ts'

const tiny = [...tinyFlags, '--epochs', '2']

const lines = (stdout: string) =>
  stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown> & { type: string })

describe('simclr train', function () {
  this.timeout(120_000)
  const path = temporaryFolder()

  it('with --json prints JSON lines and nothing else on stdout, the result last', async () => {
    const { code, stdout, stderr } = await simclr(['train', ...tiny, '--out', path('json'), '--json'])
    expect(code, stderr).to.equal(0)
    const events = lines(stdout)
    const count = (type: string) => events.filter((event) => event.type === type).length
    expect([count('start'), count('step'), count('epoch'), count('end')]).to.deep.equal([1, 12, 2, 1])
    const result = events.at(-1)!
    expect(result).to.include({
      type: 'result',
      folder: path('json'),
      data: 'synthetic:scenes,count=96,size=16',
    })
    expect(result).to.have.all.keys('type', 'folder', 'data', 'trainSeconds', 'pairsPerSecond')
    expect(stderr)
      .to.contain('epoch 2/2')
      .and.contain(`Run folder: ${path('json')}`)
  })

  it('with --test ends with the table of raw pixels, random and trained encoder', async () => {
    const test = ['--test', 'synthetic:scenes,count=40,size=16,seed=1']
    const { code, stdout, stderr } = await simclr(['train', ...tiny, '--out', path('table'), ...test])
    expect(code, stderr).to.equal(0)
    const percent = String.raw`\s+\d+\.\d %\s+\d+\.\d %\n`
    expect(stdout).to.match(
      new RegExp(`kNN +linear\nraw pixels${percent}random encoder${percent}trained encoder${percent}`),
    )
    expect(stderr).to.contain(
      'None of the 40 images of synthetic:scenes,count=40,size=16,seed=1 is trained on',
    )
    const again = await simclr(['train', '--out', path('table'), ...test, '--json'])
    const { probes, shared } = lines(again.stdout).at(-1) as unknown as {
      probes: Record<string, Record<string, number>>
      shared: object
    }
    expect(shared).to.deep.equal({ count: 0, of: 40, isComplete: true })
    expect(probes).to.have.all.keys('raw', 'random', 'trained')
    for (const probe of Object.values(probes)) {
      expect(probe).to.have.all.keys('knn', 'linear')
      for (const accuracy of Object.values(probe)) expect(accuracy).to.be.within(0, 1)
    }
  })

  it('with --test says which of its images are trained on, of a classifier too', async () => {
    const classifier = ['--preset', 'fine-tune', '--init', path('table')]
    const test = 'synthetic:scenes,count=120,size=16'
    for (const more of [[], [...classifier]]) {
      const own = more.length === 0 ? tiny : ['--data', tinyFlags[1]!, '--epochs', '1', '--batch-size', '16']
      const out = ['--out', path(`seen-${more.length}`), '--limit', '50', '--test', test]
      const { code, stderr } = await simclr(['train', ...own, ...more, ...out])
      expect(code, stderr).to.equal(0)
      expect(stderr)
        .to.match(/Note: 50 of the 120 images of synthetic:\S+ are also trained on/)
        .and.not.contain('None of the')
    }
  })

  it('runs a config.json again, with flags over it', async () => {
    const config = path('json', 'config.json')
    const { code, stderr } = await simclr([
      'train',
      '--config',
      config,
      '--epochs',
      '1',
      '--out',
      path('config'),
    ])
    expect(code, stderr).to.equal(0)
    expect(stderr).not.to.match(/Note: (Options|The warm-up)/)
    const options = (run: string) => JSON.parse(readFileSync(path(run, 'config.json'), 'utf8')).options
    const first = options('json')
    const schedule = { ...first.schedule, warmupEpochs: 0.1 } // a tenth of a short run
    expect(options('config')).to.deep.equal({ ...first, epochs: 1, schedule })
  })

  it('says before it begins what will come to nothing, and takes a switch alone for on', async () => {
    const args = [
      '--epochs',
      '1',
      '--warmup-epochs',
      '10',
      '--optimizer-beta1',
      '0.8',
      '--recompute',
      '--json',
    ]
    const { code, stdout, stderr } = await simclr(['train', ...tinyFlags, ...args, '--out', path('notes')])
    expect(code, stderr).to.equal(0)
    const events = lines(stdout)
    const before = events.slice(
      0,
      events.findIndex(({ type }) => type === 'start'),
    )
    const said = before.flatMap(({ type, message }) => (type === 'warning' ? [String(message)] : []))
    expect(said).to.have.length(3)
    expect(said[0]).to.contain('`schedule.warmupEpochs` is 10 epochs (60 steps), the run 1 epoch (6 steps)')
    expect(said[1]).to.contain('The run has 6 steps in all')
    expect(said[2]).to.contain("`optimizer.beta1` (`optimizer.name` is 'sgd')")
    for (const message of said) expect(stderr).to.contain(`Note: ${message}`)
    const { options } = JSON.parse(readFileSync(path('notes', 'config.json'), 'utf8'))
    expect(options.recompute).to.equal(true)
  })

  it('takes options from a file, which may name its schema', async () => {
    const options = { $schema: './node_modules/simclr/options.schema.json', ...tinyOptions, epochs: 1 }
    writeFileSync(path('options.json'), JSON.stringify(options))
    const { code, stderr } = await simclr(['train', '--config', path('options.json'), '--out', path('file')])
    expect(code, stderr).to.equal(0)
  })

  it('takes two signals at once, as `timeout` and npm send them, for one', async () => {
    const args = ['train', ...tiny, '--epochs', '2000', '--out', path('twice'), '--json']
    const child = spawn(process.execPath, [simclrMain, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const ended = once(child, 'close')
    let told = ''
    child.stdout.on('data', (text) => {
      if (!told.includes('"type":"step"') && String(text).includes('"type":"step"')) {
        child.kill('SIGINT')
        child.kill('SIGTERM')
      }
      told += text
    })
    expect((await ended)[0]).to.equal(130)
    const steps = lines(told).filter(({ type }) => type === 'step').length
    const name = `step-${String(steps).padStart(8, '0')}.safetensors`
    expect(readdirSync(path('twice', 'checkpoints'))).to.include(name)
  })

  it('goes on to its end when nobody reads what it says any more', async () => {
    const command = [process.execPath, simclrMain, 'train', ...tiny, '--json', '--out']
    const child = spawn(command[0]!, [...command.slice(1), path('unread')], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const ended = once(child, 'close')
    await once(child.stderr, 'data')
    child.stderr.destroy()
    child.stdout.destroy()
    expect(await ended).to.deep.equal([0, null])
    expect(existsSync(path('unread', 'encoder.safetensors'))).to.equal(true)

    const script = `exec "$@" >&- 2>&-`
    const closed = spawn('sh', ['-c', script, 'sh', ...command, path('closed')], { stdio: 'ignore' })
    expect(await once(closed, 'close')).to.deep.equal([0, null])
    expect(existsSync(path('closed', 'encoder.safetensors'))).to.equal(true)
  })

  it('on Ctrl-C leaves a checkpoint, ends with 130, and goes on when told so', async () => {
    const args = ['train', ...tiny, '--epochs', '2000', '--out', path('interrupted'), '--json']
    const child = spawn(process.execPath, [simclrMain, ...args], {
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let said = ''
    child.stderr.on('data', (text) => {
      said += text
    })
    let told = ''
    child.stdout.on('data', (text) => {
      if (!told.includes('"type":"step"') && String(text).includes('"type":"step"')) child.kill('SIGINT')
      told += text
    })
    const code = await new Promise((resolve) => child.on('close', resolve))
    expect(code, said).to.equal(130)
    expect(said).to.contain(`Go on with: simclr train --out ${path('interrupted')}`)
    const steps = lines(told).filter(({ type }) => type === 'step').length
    const name = `step-${String(steps).padStart(8, '0')}.safetensors`
    expect(readdirSync(path('interrupted', 'checkpoints'))).to.include(name)
    expect(existsSync(path('interrupted', 'encoder.safetensors'))).to.equal(true)

    const epochs = String(Math.ceil(steps / 6) + 1)
    const on = await simclr(['train', '--out', path('interrupted'), '--epochs', epochs, '--json'])
    expect(on.code, on.stderr).to.equal(0)
    expect(lines(on.stdout).find(({ type }) => type === 'start')).to.include({ step: steps })
  })

  it('ends with 2 for bad usage, saying what was expected', async () => {
    writeFileSync(path('five.json'), '5')
    writeFileSync(path('list.json'), '{ "options": [] }')
    for (const [args, part] of [
      [['--epochs', '-1'], 'Expected an integer of at least 1 for `epochs` but received -1.'],
      [['--temperature', 'warm'], "for `temperature` but received 'warm'"],
      [['--epoch', '3'], 'Did you mean --epochs?'],
      [
        ['--config', path('five.json')],
        `Expected a config.json for \`--config\` but ${path('five.json')} holds 5.`,
      ],
      [['--config', path('list.json')], 'has [] for its `options`'],
      [['--max-restarts', '2'], 'for `maxRestarts` but received 2'],
      [['--config', path('nowhere.json')], 'nowhere.json'],
    ] as const) {
      const { code, stderr } = await simclr(['train', ...args])
      expect(stderr).to.contain(part)
      expect(code).to.equal(part === 'nowhere.json' ? 1 : 2)
    }
    const { stdout } = await simclr(['train', '--epochs', '0', '--json'])
    expect(lines(stdout)).to.have.length(1)
    expect(lines(stdout)[0]).to.include({ type: 'error', code: 'ERR_SIMCLR_INVALID_ARGUMENT' })
  })

  it('--help teaches: every option with its default, and examples', async () => {
    const { code, stdout } = await simclr(['train', '--help'])
    expect(code).to.equal(0)
    for (const part of [
      '--batch-size',
      'default: from the preset',
      '§5.2',
      'Examples:',
      'simclr train --data ./photos',
    ]) {
      expect(stdout).to.contain(part)
    }
  })

  describe('and what comes after it', () => {
    const encoder = () => path('json', 'encoder.safetensors')
    const data = 'synthetic:scenes,count=50,size=16'

    it('simclr eval ends with one line that has accuracy', async () => {
      for (const probe of ['knn', 'linear']) {
        const args = [
          '--encoder',
          path('json'),
          '--data',
          data,
          '--test',
          'synthetic:scenes,count=20,size=16,seed=2',
        ]
        const { code, stdout, stderr } = await simclr([
          'eval',
          ...args,
          '--probe',
          probe,
          ...(probe === 'knn' ? ['--k', '5'] : []),
          '--json',
        ])
        expect(code, stderr).to.equal(0)
        const result = lines(stdout).at(-1)!
        expect(result).to.include({
          type: 'result',
          probe,
          images: 50,
          testImages: 20,
          classes: 10,
          dim: 128,
        })
        expect(result.accuracy).to.be.within(0, 1)
        expect(result.shared).to.deep.equal({ count: 0, of: 20, isComplete: true })
        expect(stderr).not.to.contain('Note:')
      }
    })

    it('simclr eval says which images it is tested on are also learnt from', async () => {
      const args = ['eval', '--encoder', 'raw', '--data', data, '--test', data.replace('50', '60')]
      const { code, stderr } = await simclr(args)
      expect(code, stderr).to.equal(0)
      expect(stderr).to.match(/Note: 50 of the 60 images of synthetic:\S+ are also learnt from/)
    })

    it('simclr embed writes a NumPy array and the names of its rows', async () => {
      const out = path('features.npy')
      const { code, stderr } = await simclr(['embed', '--encoder', encoder(), '--data', data, '--out', out])
      expect(code, stderr).to.equal(0)
      const bytes = readFileSync(out)
      const header = bytes.subarray(10, 10 + bytes.readUInt16LE(8)).toString('latin1')
      expect(header).to.contain("'descr': '<f4', 'fortran_order': False, 'shape': (50, 128)")
      expect(bytes.length).to.equal(10 + header.length + 50 * 128 * 4)
      expect((10 + header.length) % 64).to.equal(0)
      const names = readFileSync(path('features.files.txt'), 'utf8').trimEnd().split('\n')
      expect(names).to.have.length(50)
      expect(new Set(names).size).to.equal(50)
    })

    it('simclr embed makes the folder of its files, and says before the work where it cannot write', async () => {
      const embed = ['embed', '--encoder', encoder()]
      const out = path('new', 'deep', 'x.npy')
      const { code, stderr } = await simclr([...embed, '--data', data, '--out', out, '--limit', '3'])
      expect(code, stderr).to.equal(0)
      expect(readdirSync(path('new', 'deep')).sort()).to.deep.equal(['x.files.txt', 'x.npy'])
      mkdirSync(path('names.files.txt'))
      // Data that are not there: what cannot be written is said first.
      const late = await simclr([...embed, '--data', path('nowhere'), '--out', path('names.npy')])
      expect(late.code).to.equal(1)
      expect(late.stderr).to.contain(`${path('names.files.txt')} but it is a folder`)
      expect(late.stderr).to.contain('ERR_SIMCLR_IO').and.not.contain('.tmp')
    })

    it('both take --max-skipped', async () => {
      const pixels = { create: { width: 16, height: 16, channels: 3, background: 'red' } } as const
      for (const [i, name] of ['a/1.png', 'a/2.png', 'b/1.png', 'b/2.png'].entries()) {
        mkdirSync(path('half', name.slice(0, 1)), { recursive: true })
        writeFileSync(path('half', name), i % 2 ? 'this is no image' : await sharp(pixels).png().toBuffer())
      }
      const half = path('half')
      const commands = [
        ['eval', '--encoder', 'raw', '--data', half, '--test', half],
        ['embed', '--encoder', encoder(), '--data', half, '--out', path('half.npy')],
      ]
      for (const args of commands) {
        const strict = await simclr(args)
        expect(strict.code).to.equal(1)
        expect(strict.stderr).to.contain('raise `maxSkipped` (--max-skipped)')
        const { code, stderr } = await simclr([...args, '--max-skipped', '0.5'])
        expect(code, stderr).to.equal(0)
      }
    })

    it('simclr eval tells its two sets apart, and refuses what it would not use', async () => {
      const { stdout } = await simclr(['eval', '--help'])
      expect(stdout.replace(/\s+/g, ' '))
        .to.contain('--data <path> Labelled images to learn from')
        .and.contain('--test <path> Labelled images to be tested on')
      const args = ['eval', '--data', data, '--test', data, '--encoder']
      for (const more of [
        ['raw', '--probe', 'linear', '--k', '3'],
        ['raw', '--l2', '1'],
        [encoder(), '--image-size', '64'],
      ]) {
        const { code, stderr } = await simclr([...args, ...more])
        expect([code, stderr]).to.satisfy(
          ([c, s]: [number, string]) => c === 2 && /Expected no value, as/.test(s),
        )
      }
      const raw = await simclr([...args, 'raw', '--image-size', '48', '--json'])
      expect(raw.code, raw.stderr).to.equal(0)
      expect(lines(raw.stdout).at(-1)).to.include({ dim: 48 * 48 * 3 })
      const text = await simclr([...args, path('half/a/2.png')])
      expect(text.code).to.equal(1)
      expect(text.stderr).to.contain('Expected a safetensors file').and.not.contain('its header has')
    })

    it('both say what they need', async () => {
      const missing = await simclr(['eval', '--encoder', encoder(), '--data', data])
      expect(missing.code).to.equal(2)
      expect(missing.stderr).to.contain('for `test` but received undefined.')
      const wrong = await simclr(['embed', '--encoder', encoder(), '--data', data, '--out', path('x.csv')])
      expect(wrong.code).to.equal(2)
      expect(wrong.stderr).to.contain('Expected a path ending in .npy for `out`')
    })
  })
})
