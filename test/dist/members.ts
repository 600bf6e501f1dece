/** Ranks that do what they are told, one order at a time: processes that run member.ts. */
import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('./member.ts', import.meta.url))

export interface MemberPlace {
  rank: number
  size: number
  port: number
  timeoutSeconds: number
  /** Ranks on its machine, as it thinks; 1 by default: it meets others through sockets. */
  localSize?: number
}

export type MemberOrder =
  | 'join'
  | 'connect'
  | 'join and connect'
  | 'promise to connect'
  | 'exchange'
  | 'work'
  | 'rest'
  | 'learn'
  | 'step'
  | 'stop'

export class Member {
  readonly child: ChildProcess

  private constructor(child: ChildProcess) {
    this.child = child
  }

  /** One that has the addon, and nothing else yet. */
  static async start({ rank, size, port, timeoutSeconds, localSize = 1 }: MemberPlace): Promise<Member> {
    const words = [rank, size, port, timeoutSeconds, localSize].map(String)
    const member = new Member(fork(program, words, { execArgv: ['--import', 'tsx'] }))
    await once(member.child, 'message')
    return member
  }

  begin(order: MemberOrder): void {
    this.child.send(order)
  }

  /** `done`, or code and message of what it was rejected with. */
  async call(order: MemberOrder): Promise<string> {
    this.begin(order)
    const [answer] = await once(this.child, 'message')
    return answer as string
  }
}

/** Members of a test, which are gone after it. Call inside `describe`. */
export function members(): (place: MemberPlace) => Promise<Member> {
  const started: Member[] = []
  afterEach(() => {
    for (const { child } of started.splice(0)) child.kill('SIGKILL')
  })
  return async (place) => {
    const member = await Member.start(place)
    started.push(member)
    return member
  }
}
