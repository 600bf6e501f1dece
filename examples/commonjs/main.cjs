/**
 * simclr from CommonJS: node main.cjs RUN. require() takes ES modules without top-level await since Node 20.19 and 22.12;
 * import() does everywhere.
 */
const assert = require('node:assert/strict')
const { Encoder, SimclrError, train } = require('simclr')

async function main() {
  const encoder = await Encoder.load(process.argv[2])
  const image = { data: new Uint8Array(3072), width: 32, height: 32, channels: 3 }
  const { shape } = await encoder.embed([image])
  encoder.dispose()
  await assert.rejects(train({ epochs: 0 }), SimclrError)
  assert.equal((await import('simclr')).Encoder, Encoder)
  console.log(`commonjs: ${shape.join(' x ')}`)
}

main()
