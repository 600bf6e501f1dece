import { Encoder, versions } from 'simclr'

const encoder = await Encoder.load(process.argv[2]!)
const { shape } = await encoder.embed([{ data: new Uint8Array(3072), width: 32, height: 32, channels: 3 }])
console.log(`bundle: ${shape.join(' x ')} with ${versions().binary}`)
encoder.dispose()
