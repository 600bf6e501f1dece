import { train } from 'simclr'

const run = await train({ data: './photos', preset: 'cifar', epochs: 100, out: 'runs/photos' })
const { data, shape } = await run.encoder.embed(['photos/a.jpg', 'photos/b.jpg'])
console.log(`${shape[0]} images, ${shape[1]} numbers each, ${data.length} in all`)
run.encoder.dispose()
