/** Environment variables for the length of a test. */

/** Sets variables (undefined removes one) and gives the old values back when disposed. */
export function withEnvironment(values: Record<string, string | undefined>): { [Symbol.dispose](): void } {
  const before = Object.fromEntries(Object.keys(values).map((name) => [name, process.env[name]]))
  apply(values)
  return { [Symbol.dispose]: () => apply(before) }
}

function apply(values: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
}
