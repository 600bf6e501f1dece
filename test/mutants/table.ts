/**
 * Mutants: the mistakes that SimCLR implementations make (and some made here while writing this one), each as
 * one replacement in one file, with the test that must notice. `npm run test:mutants` puts each into a copy of
 * the tree, builds it and requires that test to fail.
 */
import { augmentationMutants } from './augmentation.ts'
import { lossMutants } from './loss.ts'
import type { Mutant } from './mutant.ts'
import { networkMutants } from './networks.ts'
import { optimizerMutants } from './optimizer.ts'
import { stepMutants } from './steps.ts'

export const mutants: readonly Mutant[] = [
  ...lossMutants,
  ...optimizerMutants,
  ...networkMutants,
  ...augmentationMutants,
  ...stepMutants,
]
