/**
 * A registry of the tarballs in a folder, for installing packages that are not published yet:
 * node scripts/packages/registry.mjs FOLDER prints its address and serves until its stdin ends. It has nothing else:
 * point a scope at it (`@simclr:registry=…`) and leave the others where they are. Files of the folder are under /-/.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import fs from 'node:fs'
import http from 'node:http'
import path from 'node:path'

const folder = path.resolve(process.argv[2])
const tarballs = fs.readdirSync(folder).filter((name) => name.endsWith('.tgz'))

/** Manifest as the registry would tell it, by package name. */
function packuments(address) {
  return new Map(
    tarballs.map((file) => {
      const bytes = fs.readFileSync(path.join(folder, file))
      const { stdout } = spawnSync('tar', ['-xzOf', path.join(folder, file), 'package/package.json'])
      const manifest = JSON.parse(stdout.toString())
      const dist = {
        tarball: `${address}/-/${file}`,
        shasum: createHash('sha1').update(bytes).digest('hex'),
        integrity: `sha512-${createHash('sha512').update(bytes).digest('base64')}`,
      }
      const { name, version } = manifest
      return [
        name,
        { name, 'dist-tags': { latest: version }, versions: { [version]: { ...manifest, dist } } },
      ]
    }),
  )
}

const server = http.createServer((request, response) => {
  const url = decodeURIComponent(request.url.slice(1))
  if (url.startsWith('-/') && fs.readdirSync(folder).includes(url.slice(2))) {
    fs.createReadStream(path.join(folder, url.slice(2))).pipe(response)
    return
  }
  const found = known.get(url)
  response.writeHead(found ? 200 : 404, { 'content-type': 'application/json' })
  response.end(JSON.stringify(found ?? { error: 'not found' }))
})
let known = new Map()
server.listen(0, '127.0.0.1', () => {
  const address = `http://127.0.0.1:${server.address().port}`
  known = packuments(address)
  process.stdout.write(`${address}\n`)
})
process.stdin.on('end', () => process.exit(0)).resume()
