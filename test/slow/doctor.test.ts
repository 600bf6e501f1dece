import fs from 'node:fs'
import path from 'node:path'
import { expect } from 'chai'
import { packageVersion } from '../../lib/addon/binary.ts'
import { cLibrary, node, processor } from '../../lib/doctor/system.ts'
import { temporaryFolder } from '../support/folder.ts'
import { type Installed, installSimclr, linkLibtorch, replaceByLibrary } from '../support/installed.ts'
import { fakeLibtorch } from '../support/libtorch.ts'
import { fakePip } from '../support/pip.ts'
import { CPU_WHEEL, sha256Of, zip } from '../support/wheel.ts'

/** One broken set-up: made in a fresh app with a working binary and LibTorch. */
interface Broken {
  /** Breaks it; may return variables to set. */
  breaks(app: Installed, binary: string, libtorch: string): unknown
  without?: string[]
  finding: string
  /** What is missing because of it. */
  also?: string[]
  detail: RegExp
  mend: RegExp
}

const write = (file: string, text: string) => fs.writeFileSync(file, text)
const record = (binary: string, more: object) => {
  const file = path.join(binary, 'build.json')
  write(file, JSON.stringify({ ...JSON.parse(fs.readFileSync(file, 'utf8')), ...more }))
}

const broken: Record<string, Broken> = {
  'no binary at all': {
    breaks: (_, binary) => fs.rmSync(binary, { recursive: true }),
    finding: 'Binary',
    detail: /No native binary of simclr for linux-x64/,
    mend: /npm install --include=optional simclr[\s\S]*npm install @simclr\/linux-x64-cpu/,
  },
  'a binary of which a file is missing': {
    breaks: (_, binary) => fs.rmSync(path.join(binary, 'loader.node')),
    finding: 'Binary',
    detail: /No native binary/,
    mend: /npm install/,
  },
  'a build.json that is no JSON': {
    breaks: (_, binary) => write(path.join(binary, 'build.json'), '{"variant": "cp'),
    finding: 'Binary',
    detail: /build\.json cannot be read/,
    mend: /npm install/,
  },
  'a binary of another version of simclr': {
    breaks: (_, binary) => record(binary, { simclr: '0.0.1' }),
    finding: 'Binary',
    detail: /build\.json is of simclr 0\.0\.1, and this is \d+\.\d+\.\d+/,
    mend: new RegExp(`^npm install @simclr/linux-x64-cpu@${packageVersion().replaceAll('.', '\\.')} `),
  },
  'a binary for a newer glibc': {
    breaks: (_, binary) => record(binary, { glibc: '2.99' }),
    finding: 'Binary',
    detail: /needs glibc 2\.99, and this system has 2\.\d+/,
    mend: /newer distribution/,
  },
  'a binary for a newer libstdc++': {
    breaks: (_, binary) => record(binary, { glibcxx: '3.4.99' }),
    finding: 'Binary',
    detail: /needs libstdc\+\+ with GLIBCXX_3\.4\.99, and this system's has 3\.4\.\d+/,
    mend: /newer distribution/,
  },
  'a truncated binary': {
    breaks: (_, binary) => {
      const file = path.join(binary, 'simclr.node')
      record(binary, { sha256: { 'simclr.node': sha256Of(fs.readFileSync(file)) } })
      fs.truncateSync(file, 5000)
    },
    finding: 'Addon',
    detail: /simclr\.node but its SHA-256 is another: it is damaged/,
    mend: /npm install @simclr\/linux-x64-cpu/,
  },
  'a binary that aborts when it is loaded': {
    breaks: (_, binary) => replaceByLibrary(path.join(binary, 'simclr.node'), 'abort();'),
    finding: 'Addon',
    detail: /crashes \(SIGABRT\)/,
    mend: /npm install @simclr\/linux-x64-cpu/,
  },
  'another variant asked for than is installed': {
    breaks: () => ({ SIMCLR_VARIANT: 'cu130' }),
    finding: 'Binary',
    detail: /No native binary/,
    mend: /SIMCLR_VARIANT=cu130 leaves out all others/,
  },
  'no LibTorch': {
    breaks: (_, __, libtorch) => fs.rmSync(path.dirname(libtorch), { recursive: true }),
    finding: 'Binary',
    detail: /for LibTorch 2\.\d+\.\d+ \(cpu\), which is not installed/,
    mend: /^npx simclr libtorch install cpu$/,
  },
  'a LibTorch of which half is missing': {
    breaks: (_, __, libtorch) => fs.rmSync(path.join(libtorch, 'lib', 'libtorch_cpu.so')),
    finding: 'Binary',
    detail: /which is not installed/,
    mend: /^npx simclr libtorch install cpu$/,
  },
  'a truncated LibTorch': {
    breaks: (_, __, libtorch) => {
      fs.rmSync(path.join(libtorch, 'lib', 'libtorch.so'))
      write(path.join(libtorch, 'lib', 'libtorch.so'), 'ELF')
    },
    finding: 'Addon',
    detail: /libtorch\.so cannot be opened/,
    mend: /^npx simclr libtorch install cpu --force$/,
  },
  'SIMCLR_LIBTORCH that names no LibTorch': {
    breaks: (app) => ({ SIMCLR_LIBTORCH: app.folder }),
    finding: 'LibTorch (SIMCLR_LIBTORCH)',
    detail: /holds no lib\/libtorch\.so/,
    mend: /unset SIMCLR_LIBTORCH/,
  },
  'SIMCLR_LIBTORCH of another minor': {
    breaks: (app) => ({ SIMCLR_LIBTORCH: fakeLibtorch(path.join(app.folder, 'other'), '2.99.0+cpu') }),
    finding: 'LibTorch (SIMCLR_LIBTORCH)',
    detail: /is LibTorch 2\.99\.0, and the addon is made for 2\.\d+/,
    mend: /unset SIMCLR_LIBTORCH/,
  },
  'a cache that cannot be made': {
    breaks: () => ({ XDG_CACHE_HOME: '/dev/null/cache' }),
    finding: 'Cache',
    also: ['Binary'],
    detail: /is not there and \/dev\/null cannot be written/,
    mend: /XDG_CACHE_HOME/,
  },
  'a driver too old for CUDA': {
    breaks: (app) => {
      const cuda = app.addBinary('cu130', { variant: 'cu130', cuda: '13.0', torch: '2.14.1' })
      expect(cuda).to.contain('cu130')
      fakeLibtorch(path.join(app.folder, 'cache/simclr/libtorch/2.14.1-cu130/torch'), '2.14.1', {
        cuda: true,
      })
      const tool = path.join(app.folder, 'bin', 'nvidia-smi')
      write(tool, '#!/bin/sh\necho "NVIDIA T4, 15360 MiB, 470.57.02"\n')
      fs.chmodSync(tool, 0o755)
    },
    finding: 'Driver',
    detail: /470\.57\.02 is too old for CUDA 13\.0/,
    mend: /update the NVIDIA driver/,
  },
  'sharp left out': {
    breaks: () => {},
    without: ['sharp'],
    finding: 'sharp',
    detail: /Cannot find package 'sharp'/,
    mend: /npm install --include=optional sharp/,
  },
  'no folder for temporary files': {
    breaks: () => ({ TMPDIR: '/dev/null' }),
    finding: 'Training',
    detail: /no folder for a trial/,
    mend: /TMPDIR/,
  },
}

describe('simclr doctor', function () {
  this.timeout(120_000)
  const folder = temporaryFolder()
  let apps = 0

  const setUp = (without: string[] = []) => {
    const app = installSimclr(folder(`app${apps++}`), { without })
    return { app, binary: app.addBinary('cpu'), libtorch: linkLibtorch(path.join(app.folder, 'cache')) }
  }

  it('finds nothing to mend where all is well, and trains', () => {
    const { code, findings, stderr } = setUp().app.doctor()
    expect(
      findings.filter(({ state }) => state === 'problem'),
      stderr,
    ).to.deep.equal([])
    expect(code).to.equal(0)
    expect(findings.at(-1)).to.include({ name: 'Training', state: 'ok' })
    expect(findings.map(({ name }) => name)).to.include.members(['Node', 'GPU', 'sharp', 'Binary', 'Addon'])
  })

  for (const [name, { breaks, without, finding, also = [], detail, mend }] of Object.entries(broken)) {
    it(`finds ${name}, and says what mends it`, () => {
      const { app, binary, libtorch } = setUp(without)
      const { code, findings, stderr } = app.doctor(
        (breaks(app, binary, libtorch) ?? {}) as Record<string, string>,
      )
      const problems = findings.filter(({ state }) => state === 'problem')
      expect(
        problems.map((p) => p.name),
        stderr,
      ).to.deep.equal([finding, ...also])
      expect(problems[0]!.detail).to.match(detail)
      expect(problems[0]!.mend).to.match(mend)
      expect(code).to.equal(1)
    })
  }

  it('names a command that brings what of LibTorch is missing', async () => {
    const { app, libtorch } = setUp()
    const missing = path.join(libtorch, 'lib', 'libtorch_cpu.so')
    fs.rmSync(missing)
    fs.mkdirSync(path.join(libtorch, 'include/ATen'), { recursive: true })
    write(path.join(libtorch, 'include/ATen/ATen.h'), '')
    const { mend } = app.doctor().findings.find(({ state }) => state === 'problem')!
    const wheel = path.join(app.folder, 'torch.whl')
    fs.writeFileSync(wheel, await zip(CPU_WHEEL))
    fakePip(app.folder, wheel)
    const [npx, simclr, ...args] = mend!.split(' ')
    expect([npx, simclr]).to.deep.equal(['npx', 'simclr'])
    const { code, stderr } = app.node(['node_modules/simclr/dist/cli/main.js', ...args])
    expect(code, stderr).to.equal(0)
    expect(fs.readFileSync(missing, 'utf8')).to.equal(CPU_WHEEL['torch/lib/libtorch_cpu.so'])
    // That library is only text: the next problem is another one.
    const problems = app.doctor().findings.filter(({ state }) => state === 'problem')
    expect(problems.map(({ name, detail }) => [name, /cannot be opened/.test(detail)])).to.deep.equal([
      ['Addon', true],
    ])
  })

  it('knows which Node, C library and processor will not do', () => {
    expect(node('v18.20.0')).to.include({ state: 'problem', mend: 'install Node 22 or newer' })
    expect(node('v21.7.0').state).to.equal('problem')
    expect(node('v20.19.0').state).to.equal('ok')
    expect(node('v24.1.0').state).to.equal('ok')
    expect(cLibrary(null).detail).to.contain('not glibc')
    expect(cLibrary('2.27').state).to.equal('problem')
    expect(cLibrary('2.28').state).to.equal('ok')
    expect(processor('arm64').state).to.equal('problem')
  })
})
