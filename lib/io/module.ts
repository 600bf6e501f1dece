/** Files of this package that other processes run. */

/** The module `name` beside the one whose `import.meta.url` is `base`: `.ts` in the sources, `.js` compiled. */
export function moduleBeside(base: string, name: string): URL {
  return new URL(`${name}${base.endsWith('.ts') ? '.ts' : '.js'}`, base)
}

/** What to run instead of a module, and how: the code follows, or stands behind `=`. */
const CODE = /^(-e|--eval|-pe|--input-type|--inspect-port|--inspect-publish-uid)$/
const OWN =
  /^(-e|-pe?|-i|-c|--eval|--print|--interactive|--check|--input-type|--inspect[a-z-]*|--test|--test-[a-z-]*|--watch|--watch-[a-z-]*)(=|$)/

/**
 * The flags of Node for a process that runs a module of this package: those of the app (loaders, limits, warnings), as
 * `fork()` would pass them on, without what is about the app's own program: its code, the debugger and its port, a watch.
 */
export function inheritedFlags(flags: readonly string[] = process.execArgv): string[] {
  const kept: string[] = []
  for (let i = 0; i < flags.length; i++) {
    const flag = flags[i]!
    if (!OWN.test(flag)) kept.push(flag)
    else if (CODE.test(flag)) i++
    else if (/^(-p|--print)$/.test(flag) && !flags[i + 1]?.startsWith('-')) i++
  }
  return kept
}
