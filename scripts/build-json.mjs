/**
 * Writes build.json beside the binaries: what they are for (lib/addon/binary.ts reads it before anything is
 * loaded). Both builds call it: node scripts/build-json.mjs OUT LIBTORCH COMPILER
 */
import fs from 'node:fs'
import path from 'node:path'

const [out, libtorch, compiler] = process.argv.slice(2)

const header = fs.readFileSync(path.join(libtorch, 'include/torch/headeronly/version.h'), 'utf8')
const part = (name) => new RegExp(`define TORCH_VERSION_${name} (\\d+)`).exec(header)[1]
const torch = ['MAJOR', 'MINOR', 'PATCH'].map(part).join('.')

const record = { variant: 'cpu', torch, cuda: null, compiler, libtorch }
fs.mkdirSync(path.dirname(out), { recursive: true })
fs.writeFileSync(out, `${JSON.stringify(record, null, 2)}\n`)
