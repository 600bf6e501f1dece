/** Types that the compiler compares. */

/** True for one and the same type, optional members and their `undefined` included. */
export type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles only for true. */
export type Must<T extends true> = T
