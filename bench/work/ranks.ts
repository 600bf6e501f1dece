/** Ranks in processes of their own that take steps when told to (rank.ts). */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { LearnerSpec, NativeTensor } from '../../lib/addon/interface.ts'
import { freePort } from '../../lib/io/port.ts'
import type { RankWork, Taken, Way } from './rank.ts'

export class RankProcesses implements Disposable {
  readonly #children: readonly ChildProcess[]

  private constructor(children: readonly ChildProcess[]) {
    this.#children = children
  }

  /** `size` ranks with the same views each, ready for their first step. */
  static async start(size: number, spec: LearnerSpec, views: NativeTensor, way: Way): Promise<RankProcesses> {
    const port = await freePort()
    const program = fileURLToPath(new URL('./rank.ts', import.meta.url))
    const children = Array.from({ length: size }, (_, rank) => {
      const child = fork(program, [], { execArgv: ['--import', 'tsx'], serialization: 'advanced' })
      child.send({ rank, size, way, port, spec, views } satisfies RankWork)
      return child
    })
    const ranks = new RankProcesses(children)
    try {
      await ranks.#hear()
      return ranks
    } catch (error) {
      ranks[Symbol.dispose]()
      throw error
    }
  }

  /** What each says of so many steps. */
  async take(steps: number): Promise<Taken[]> {
    for (const child of this.#children) child.send(steps)
    return (await this.#hear()) as Taken[]
  }

  [Symbol.dispose](): void {
    for (const child of this.#children) child.kill('SIGKILL')
  }

  #hear(): Promise<unknown[]> {
    return Promise.all(this.#children.map(async (child) => (await once(child, 'message'))[0]))
  }
}
