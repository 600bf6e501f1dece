/** Two machines on one: network namespaces with a cable between them. */
import { execFileSync } from 'node:child_process'

export class Cable {
  readonly interface = 'simclr0'
  /** Of the two ends. */
  readonly addresses = ['10.77.0.1', '10.77.0.2'] as const
  readonly #names = [`simclr-a-${process.pid}`, `simclr-b-${process.pid}`] as const

  /** Null where this user or kernel has no namespaces. */
  static lay(): Cable | null {
    const cable = new Cable()
    try {
      cable.#lay()
      return cable
    } catch {
      cable.remove()
      return null
    }
  }

  #lay(): void {
    const [a, b] = this.#names
    for (const name of this.#names) ip('netns', 'add', name)
    const end = ['name', this.interface, 'netns']
    ip('link', 'add', ...end, a, 'type', 'veth', 'peer', ...end, b)
    for (const [i, name] of this.#names.entries()) {
      ip('-n', name, 'address', 'add', `${this.addresses[i]}/24`, 'dev', this.interface)
      ip('-n', name, 'link', 'set', 'lo', 'up')
      ip('-n', name, 'link', 'set', this.interface, 'up')
    }
  }

  /** What runs a command at end 0 or 1. */
  at(end: 0 | 1): string[] {
    return ['ip', 'netns', 'exec', this.#names[end]]
  }

  /** Another interface of end 1, with an address to which packets of end 0 go and never come. */
  leadAstray(): { interface: string; address: string } {
    const [a, b] = this.#names
    const [address, nobody] = ['10.66.0.2', '10.77.0.9'] // below end 0's: of two, Gloo's higher one connects
    ip('-n', b, 'link', 'add', 'simclr1', 'type', 'veth', 'peer', 'name', 'simclr2')
    ip('-n', b, 'address', 'add', `${address}/24`, 'dev', 'simclr1')
    ip('-n', b, 'link', 'set', 'simclr1', 'up')
    ip('-n', b, 'link', 'set', 'simclr2', 'up')
    ip(
      '-n',
      a,
      'neighbor',
      'add',
      nobody,
      'lladdr',
      '02:00:00:00:00:09',
      'dev',
      this.interface,
      'nud',
      'permanent',
    )
    ip('-n', a, 'route', 'add', '10.66.0.0/24', 'via', nobody)
    return { interface: 'simclr1', address }
  }

  cut(): void {
    ip('-n', this.#names[0], 'link', 'set', this.interface, 'down')
  }

  remove(): void {
    for (const name of this.#names) {
      try {
        ip('netns', 'delete', name)
      } catch {
        // it was never made
      }
    }
  }
}

function ip(...words: string[]): void {
  execFileSync('ip', words, { stdio: 'ignore' })
}
