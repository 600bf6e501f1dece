/** Augmentation: families as data (operators.ts), the named ones (recipes.ts), and their plans (lower.ts). */
export { blurKernel, lower } from './lower.ts'
export type * from './operators.ts'
export * from './recipes.ts'
