/** Joins a run as rank 1 with another version of the package: argv is the port. */
import { loadAddon } from '../../lib/addon/load.ts'

const group = new (loadAddon().Group)({
  ...{ rank: 1, size: 2, localSize: 2, host: '127.0.0.1', port: Number(process.argv[2]), servesStore: false },
  ...{ storeOutlives: false, generation: '-2', timeoutSeconds: 10 },
})
const facts = { 'simclr version': '99.0.0', 'LibTorch version': '1.0.0' }
await group.join(JSON.stringify({ facts, localSize: 2 }))
setTimeout(() => process.exit(0), 5000)
