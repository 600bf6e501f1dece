/** Skips a step whose inputs have not changed: by their content, so that checkouts and clock skew do no harm. */
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import path from 'node:path'
import { root } from './run.mjs'

const folder = path.join(root, '.cache', 'bootstrap')

/** A step's state: `fresh()` if it was last completed with these inputs, `done()` when it has been. */
export function stamp(name, paths, values = []) {
  const file = path.join(folder, name)
  const wanted = hashOf(paths, values)
  return {
    fresh: () => read(file) === wanted,
    clear: () => fs.rmSync(file, { force: true }),
    done: () => {
      fs.mkdirSync(folder, { recursive: true })
      fs.writeFileSync(file, wanted)
    },
  }
}

/** Over names and contents of files and of all files below folders, then over plain values. */
export function hashOf(paths, values = []) {
  const hash = createHash('sha256')
  for (const file of paths.flatMap((p) => filesBelow(p)).sort()) {
    hash
      .update(`${file}\0`)
      .update(fs.readFileSync(path.join(root, file)))
      .update('\0')
  }
  return hash.update(JSON.stringify(values)).digest('hex')
}

/** The SHA-256 of one file, by its absolute path; null where it cannot be read. */
export function contentOf(file) {
  try {
    return createHash('sha256').update(fs.readFileSync(file)).digest('hex')
  } catch {
    return null
  }
}

function filesBelow(relative) {
  const absolute = path.join(root, relative)
  if (!fs.existsSync(absolute)) return []
  if (!fs.statSync(absolute).isDirectory()) return [relative]
  return fs
    .readdirSync(absolute, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath ?? entry.path, entry.name)))
}

function read(file) {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch {
    return null
  }
}
