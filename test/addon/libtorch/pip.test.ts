import fs from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { installLibtorch } from '../../../lib/addon/libtorch/install.ts'
import { pipDownload } from '../../../lib/addon/libtorch/pip.ts'
import { bytesToFetch } from '../../../lib/addon/libtorch/sources.ts'
import { DEFAULT_RELEASE, findRelease, type LibtorchRelease } from '../../../lib/addon/libtorch/versions.ts'
import { withEnvironment } from '../../support/environment.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { fakePip } from '../../support/pip.ts'
import { rejection } from '../../support/rejection.ts'
import { serveFile } from '../../support/server.ts'
import { CPU_WHEEL, CUDA_WHEEL, zip } from '../../support/wheel.ts'

describe('pip as a source', () => {
  const folder = temporaryFolder()

  it('is asked for the CPU wheel, then its own index, then the archive; a CUDA wheel is passed over', async () => {
    fs.writeFileSync(folder('cuda.whl'), await zip(CUDA_WHEEL))
    const wheel = await zip(CPU_WHEEL)
    const { bin, asked } = fakePip(folder(), folder('cuda.whl'))
    await using server = await serveFile(wheel)
    using _env = withEnvironment({ XDG_CACHE_HOME: folder('cache'), PATH: `${bin}:/usr/bin:/bin` })
    const messages: string[] = []
    const release = { ...DEFAULT_RELEASE, index: 'http://index.test/whl', archive: server.url, hashes: [] }
    await installLibtorch(release, { onMessage: (text) => messages.push(text) })
    const [first = '', second = ''] = asked()
    expect(first).to.contain('download --no-deps --python-version 311 --platform manylinux_2_28_x86_64')
    expect(first)
      .to.match(/ torch==2\.13\.0\+cpu$/)
      .and.not.to.contain('index-url')
    expect(second).to.contain('--index-url http://index.test/whl')
    expect(messages.join('\n')).to.match(/CUDA build.*No matching distribution.*not verified: its SHA-256/s)
  })

  it('is named with the command that installs it where it is missing', async () => {
    await using server = await serveFile(Buffer.from(''), { status: 404 })
    using _env = withEnvironment({ XDG_CACHE_HOME: folder('none'), PATH: folder('nothing') })
    const error = await rejection(installLibtorch({ ...DEFAULT_RELEASE, archive: server.url }))
    expect(error.message).to.contain('apt-get install python3-pip').and.to.contain('404')
  })

  it('is quoted with its error, whatever it said before', async () => {
    const bin = folder('talking')
    fs.mkdirSync(bin)
    const script = `#!/bin/sh
for last in "$@"; do :; done
if [ "$last" = --version ]; then exit 0; fi
i=0
while [ $i -lt 400 ]; do echo "WARNING: a warning of about a hundred characters, of which pip has many where a mirror is slow" >&2; i=$((i + 1)); done
echo "ERROR: Could not find a version that satisfies torch (from versions: none)" >&2
echo "ERROR: No matching distribution found for torch" >&2
exit 1
`
    fs.writeFileSync(path.join(bin, 'python3'), script, { mode: 0o755 })
    using _env = withEnvironment({ PATH: `${bin}:/usr/bin:/bin` })
    const error = await rejection(pipDownload('torch', folder('to')))
    expect(error.message).to.equal('torch: Could not find a version that satisfies torch')
  })
})

describe('LibTorch for CUDA without a network', function () {
  this.timeout(180_000)
  const folder = temporaryFolder()
  const release: LibtorchRelease = {
    ...findRelease('cu130')!,
    ...{ torch: 'torch==2.14.1', hashes: [] },
    ...{ runtime: ['nvidia-nvtx==13.0.85'], headers: ['nvidia-cublas>=13,<14'] },
  }

  /** Writes a wheel that pip takes for one. */
  async function wheel(to: string, name: string, version: string, files: Parameters<typeof zip>[0]) {
    const about = `${name}-${version}.dist-info`
    const entries = {
      ...files,
      [`${about}/METADATA`]: `Metadata-Version: 2.1\nName: ${name}\nVersion: ${version}\n`,
      [`${about}/WHEEL`]: 'Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: py3-none-manylinux_2_28_x86_64\n',
      [`${about}/RECORD`]: '',
    }
    fs.mkdirSync(folder(to), { recursive: true })
    const file = folder(to, `${name}-${version}-py3-none-manylinux_2_28_x86_64.whl`)
    fs.writeFileSync(file, await zip(entries))
    return file
  }
  const torch = (to: string) =>
    wheel(to, 'torch', '2.14.1', {
      ...{ ...CUDA_WHEEL, 'torch-2.13.0+cpu.dist-info/licenses/LICENSE': undefined },
      'torch/version.py': "__version__ = '2.14.1+cu130'\n",
    })

  /** pip itself, with nothing but what it is given. */
  const alone = (cache: string) =>
    withEnvironment({
      ...{ XDG_CACHE_HOME: folder(cache), PIP_CONFIG_FILE: '/dev/null', PIP_FIND_LINKS: undefined },
      ...{ PIP_NO_INDEX: '1', PIP_EXTRA_INDEX_URL: undefined, PIP_INDEX_URL: undefined },
    })

  it('is installed from a folder with all its wheels; what one lacks is named, with the command that fills it', async () => {
    using _env = alone('folder')
    await torch('wheels')
    await wheel('wheels', 'nvidia_cublas', '13.1.1.3', { 'nvidia/cu13/lib/libcublas.so.13': 'products' })
    const from = folder('wheels')
    const error = await rejection(installLibtorch(release, { from }))
    expect(error).to.have.property('code', 'ERR_SIMCLR_DOWNLOAD')
    expect(error.message)
      .to.match(/it lacks:\n {2}nvidia-nvtx==13\.0\.85: .*\nWithout/)
      .and.to.match(/ {2}pip download .* torch==2\.14\.1 nvidia-nvtx==13\.0\.85 'nvidia-cublas>=13,<14'\n/)
      .and.to.match(/npx simclr libtorch install cu130 --from FOLDER$/)
    await wheel('wheels', 'nvidia_nvtx', '13.0.85', { 'nvidia/cu13/lib/libnvtx.so': 'ranges' })
    const { root } = await installLibtorch(release, { from })
    expect(fs.readFileSync(path.join(root, '../nvidia/cu13/lib/libcublas.so.13'), 'utf8')).to.equal(
      'products',
    )
    expect(fs.readFileSync(path.join(root, '../nvidia/cu13/lib/libnvtx.so'), 'utf8')).to.equal('ranges')
    const { files } = JSON.parse(fs.readFileSync(path.join(root, '../libtorch.json'), 'utf8'))
    expect(files.map(({ file }: { file: string }) => file.split('-')[0])).to.have.ordered.members([
      ...['torch', 'nvidia_nvtx', 'nvidia_cublas'],
    ])
    expect(fs.readdirSync(from), 'the folder stays as it is').to.have.length(3)
  })

  it('takes more than torch’s file, which is said with the command that gets the rest', async () => {
    using _env = alone('file')
    const from = await torch('one')
    const error = await rejection(installLibtorch(release, { from }))
    expect(error).to.have.property('code', 'ERR_SIMCLR_DOWNLOAD')
    expect(error.message)
      .to.match(/^nvidia-nvtx==13\.0\.85: /)
      .and.to.match(/ {2}pip download .*--dest FOLDER torch==2\.14\.1 nvidia-nvtx/)
      .and.to.match(/--from FOLDER$/)
  })

  it('asks for pip before it gets torch’s file', async () => {
    await using server = await serveFile(fs.readFileSync(await torch('served')))
    const messages: string[] = []
    using _env = withEnvironment({ XDG_CACHE_HOME: folder('no pip'), PATH: folder('nothing') })
    const options = { sources: [server.url], onMessage: (text: string) => messages.push(text) }
    const error = await rejection(installLibtorch(release, options))
    expect(error).to.have.property('code', 'ERR_SIMCLR_TOOL')
    expect(error.message).to.contain('apt-get install python3-pip')
    expect(server.requests).to.deep.equal([])
    expect(messages.join()).to.not.contain('Getting LibTorch')
  })

  it('takes the space of what pip will bring besides that file', async () => {
    const from = await torch('space')
    const { size } = fs.statSync(from)
    const all = release.downloadBytes
    expect(bytesToFetch(release, {})).to.equal(all)
    expect(bytesToFetch(release, { from })).to.equal(all - size)
    expect(bytesToFetch(release, { from: folder('space') })).to.equal(all)
    expect(bytesToFetch({ ...release, downloadBytes: 1 }, { from })).to.equal(0)
  })
})
