/**
 * Seconds from importing the library to the end of the first training step, each time in a process of its own. Ours
 * trains on the embedded sample, 8,000 scenes that are drawn first; peer: PyTorch with lightly, 8,000 images of noise.
 */

import { fileURLToPath } from 'node:url'
import { type Benchmark, oursAtMost } from '../figure.ts'
import { numberFrom } from '../measure/memory.ts'
import { peerScript } from '../measure/peer.ts'
import { inTurns } from '../measure/turns.ts'

export const startUp: Benchmark = {
  targets: { 'start-up': oursAtMost(2) },
  async *run({ rounds, peers: venv, torch, limits, precision }, wanted) {
    if (!wanted('start-up')) return
    const script = fileURLToPath(new URL('../work/start-up.mjs', import.meta.url))
    const ours = async () => numberFrom(process.execPath, [script])
    const options = ['--threads', limits.cores, '--precision', precision]
    const theirs = async () => numberFrom(`${venv}/bin/python`, [peerScript('start_up.py'), ...options])
    const [seconds, peer] = await inTurns(rounds, venv === null ? [ours] : [ours, theirs])
    yield {
      name: 'start-up',
      ours: seconds!,
      peer: peer ?? null,
      unit: 's',
      about:
        `importing the library to the end of the first step, batch 128, 8,000 images of 32 px, half-width ResNet-18, ${precision}; ` +
        'peer: PyTorch with lightly',
      rounds,
      torch,
    }
  },
}
