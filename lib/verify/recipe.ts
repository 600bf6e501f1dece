/**
 * Weights from their names: golden files store no weights but a recipe, the same on every machine.
 * All arithmetic on unsigned 32-bit integers, wrapping.
 */

/** FNV-1a of a string's UTF-8 bytes. */
export function fnv1a(text: string): number {
  let hash = 0x811c9dc5
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193)
  return hash >>> 0
}

/** MurmurHash3's finaliser. */
export function mix(value: number): number {
  let h = value
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** The key's sequence of numbers in [-1, 1), exact in float32. */
export function recipeNumbers(key: string, seed: number): (index: number) => number {
  const start = mix(fnv1a(key) ^ seed)
  return (index) => (mix((Math.imul(index, 0x9e3779b1) + start) | 0) >>> 8) / 2 ** 23 - 1
}

/** What kind of variable a recipe makes; null: zeros. */
export type RecipeKind = 'kernel' | 'gamma' | 'gamma_last' | 'beta' | 'mean' | 'var' | 'bias' | null

export interface RecipeVariable {
  role: string
  shape: number[]
  kind: RecipeKind
}

/**
 * The variable's values, rounded to float32, in its shape's order. `fanIn`: inputs of a kernel's one output,
 * all dimensions but the last in the paper's layout (HWIO, IO), all but the first in torch's.
 */
export function recipeValues(variable: RecipeVariable, seed: number, fanIn: number): Float32Array {
  const numbers = recipeNumbers(variable.role, seed)
  const value = valueMaker(variable.kind, fanIn)
  const count = variable.shape.reduce((product, size) => product * size, 1)
  const values = new Float32Array(count)
  for (let i = 0; i < count; i++) values[i] = value(numbers(i))
  return values
}

function valueMaker(kind: RecipeKind, fanIn: number): (r: number) => number {
  switch (kind) {
    case 'kernel': {
      const scale = Math.sqrt(3 / fanIn)
      return (r) => r * scale
    }
    case 'gamma':
      return (r) => 1 + 0.25 * r
    case 'gamma_last':
      return (r) => 0.4 + 0.1 * r
    case 'beta':
    case 'mean':
      return (r) => 0.2 * r
    case 'var':
      return (r) => 1 + 0.5 * r
    case 'bias':
      return (r) => 0.1 * r
    case null:
      return () => 0
  }
}
