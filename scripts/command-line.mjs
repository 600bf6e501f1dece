/** Flags of scripts. Plain Node without a dependency. A wrong command line is one line on stderr and exit code 2. */
import { parseArgs } from 'node:util'

/** The command line is wrong. Where nobody catches it, and `readFlags` was called, its message is all that is said. */
export class Misuse extends Error {}

/**
 * What `parseArgs` reads of this process's arguments.
 *
 * @template {import('node:util').ParseArgsConfig} T
 * @param {T} config
 * @returns {ReturnType<typeof parseArgs<T>>}
 */
export function readFlags(config) {
  process.on('uncaughtException', (error) => {
    process.stderr.write(`${error instanceof Misuse ? error.message : error.stack}\n`)
    process.exit(error instanceof Misuse ? 2 : 1)
  })
  try {
    return parseArgs(config)
  } catch (error) {
    const said = /** @type {Error} */ (error).message.split('\n')[0]
    const known = Object.keys(config.options ?? {}).map((name) => `--${name}`)
    throw new Misuse(`${said?.replace(/\.?$/, '.')} Known here: ${known.join(', ')}.`)
  }
}

/**
 * The number of flag `name`, of at least `min`.
 *
 * @param {string} name
 * @param {string} text
 * @param {number} [min]
 * @returns {number}
 */
export function numberOf(name, text, min = 0) {
  const value = Number(text)
  if (text.trim() !== '' && value >= min) return value
  throw new Misuse(`Expected a number of at least ${min} for --${name} but received '${text}'.`)
}

/**
 * The word of flag `name`, one of `words`.
 *
 * @template {string} T
 * @param {string} name
 * @param {string} text
 * @param {readonly T[]} words
 * @returns {T}
 */
export function wordOf(name, text, words) {
  const word = words.find((one) => one === text)
  if (word !== undefined) return word
  throw new Misuse(`Expected one of ${words.join(', ')} for --${name} but received '${text}'.`)
}

/**
 * The text of flag `name`, a `kind` of thing that must be named.
 *
 * @param {string} name
 * @param {string | undefined} text
 * @param {string} kind
 * @returns {string}
 */
export function given(name, text, kind) {
  if (text !== undefined) return text
  throw new Misuse(`Expected --${name} ${kind} but it is not there.`)
}
