/** Files of this package that other processes run. */

/** The module `name` beside the one whose `import.meta.url` is `base`: `.ts` in the sources, `.js` compiled. */
export function moduleBeside(base: string, name: string): URL {
  return new URL(`${name}${isSource(base) ? '.ts' : '.js'}`, base)
}

/** The flags of Node under which a child process can run what this one runs: from the sources it takes a loader. */
export function inheritedFlags(base: string): string[] {
  return isSource(base) ? process.execArgv : []
}

function isSource(base: string): boolean {
  return base.endsWith('.ts')
}
