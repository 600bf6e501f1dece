import { train } from 'simclr'

const run = await train({ preset: 'fine-tune', init: 'runs/photos', data: './labelled', out: 'runs/tuned' })
const { best, data, shape } = await run.encoder.classify(['photos/a.jpg', 'photos/b.jpg'])
console.log(`a.jpg: ${best[0]}, of ${shape[1]} classes; first probability ${data[0]?.toFixed(2)}`)
run.encoder.dispose()
