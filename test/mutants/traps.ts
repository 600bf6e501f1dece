/** The traps that SimCLR implementations fall into, and how each shows; every mutant belongs to one. */

export interface TrapRow {
  title: string
}

export const trapTable = {
  gather: { title: 'Gather without gradient; gradient divided by the number of ranks' },
  offset: { title: 'Wrong rank offset in targets or mask' },
  self: { title: 'A row among its own negatives, or its partner missing' },
  views: { title: 'Views forwarded separately' },
  localNorm: { title: 'Batch normalisation over the local batch' },
  head: { title: 'Normalisation and biases of the head; z exported instead of h' },
  lars: { title: 'LARS on normalisation and biases, epsilon, place of the learning rate' },
  alike: { title: 'The same augmentation for both views, a batch, an epoch, a worker' },
  blur: { title: 'Blur always on, on CIFAR, with another kernel' },
  schedule: { title: 'Schedule off by one; epochs and steps mixed; not the same after resuming' },
  probe: { title: 'A probe that leaks into the encoder' },
  accumulation: { title: 'Accumulation that changes the loss' },
  crop: { title: 'Crops of another distribution' },
  color: { title: 'Colour operators of another convention' },
  beyond: { title: 'Further mistakes' },
} as const satisfies Record<string, TrapRow>

export type Trap = keyof typeof trapTable
