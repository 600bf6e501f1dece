/** The convolution that corrupts memory in oneDNN, some times over; convolution.test.ts runs it in a child process. */
import { loadAddon } from '../../lib/addon/load.ts'
import { random } from './support.ts'

const x = random('x', [12, 56, 56, 8], 1, 'F32')
const kernel = random('kernel', [16, 8, 1, 1], 2, 'F32')
const dy = random('dy', [12, 28, 28, 16], 3, 'F32')
for (let i = 0; i < 4; i++) {
  loadAddon().convolution(x, kernel, dy, { stride: 2, padding: 0, algorithm: 'native' })
}
process.stdout.write('done')
