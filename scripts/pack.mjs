/**
 * Every package as it is published: node scripts/pack.mjs OUT writes simclr's tarball and one for each folder in npm/.
 *
 * Only there does `simclr` depend on its platform packages, each pinned exactly: in the repository they would be asked
 * of the registry before they are there. What is repacked has no scripts and no binding.gyp, from either of which npm
 * would make an install script when it publishes a folder.
 */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { root } from './bootstrap/run.mjs'

/** Packs into `out`; returns the tarballs' paths, simclr's first. */
export async function pack(out) {
  fs.mkdirSync(out, { recursive: true })
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'simclr-pack-'))
  try {
    const raw = npmPack(root, work)
    must('tar', ['-xzf', raw, '-C', work])
    const folder = path.join(work, 'package')
    const manifest = JSON.parse(fs.readFileSync(path.join(folder, 'package.json'), 'utf8'))
    fs.writeFileSync(
      path.join(folder, 'package.json'),
      `${JSON.stringify(await published(manifest), null, 2)}\n`,
    )
    return [npmPack(folder, out), ...platformFolders().map((each) => npmPack(each, out))]
  } finally {
    fs.rmSync(work, { recursive: true, force: true })
  }
}

/**
 * The `repository` of package.json: the one whose workflow this is, as GitHub names it. npm takes provenance only for packages
 * that name it. Nothing elsewhere.
 */
export function repository({ GITHUB_SERVER_URL: server, GITHUB_REPOSITORY: name } = process.env) {
  if (!server || !name) return {}
  return { repository: { type: 'git', url: `git+${server}/${name}.git` } }
}

/** package.json as published. */
async function published({ scripts: _s, devDependencies: _d, binary: _b, ...manifest }) {
  const { MATRIX, packageName } = await import(pathToFileURL(path.join(root, 'dist/addon/matrix.js')).href)
  const pins = MATRIX.map((row) => [packageName(row), manifest.version])
  return { ...manifest, ...repository(), optionalDependencies: Object.fromEntries(pins) }
}

function platformFolders() {
  const npm = path.join(root, 'npm')
  return fs.existsSync(npm) ? fs.readdirSync(npm).map((name) => path.join(npm, name)) : []
}

function npmPack(folder, destination) {
  const said = must('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', destination, folder])
  const [{ filename }] = Object.values(JSON.parse(said))
  return path.join(destination, filename.replace(/^@/, '').replace('/', '-'))
}

function must(command, args) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', cwd: root })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed: ${stderr}`)
  return stdout
}

if (process.argv[1] === import.meta.filename) {
  const tarballs = await pack(path.resolve(process.argv[2] ?? 'npm-tarballs'))
  process.stdout.write(`${tarballs.join('\n')}\n`)
}
