import { itHasAPlaceForEveryVariable } from '../verify/paper-network.ts'

describe('deep and wide golden networks have a place for every variable of', () => {
  for (const depth of [101, 152, 200]) itHasAPlaceForEveryVariable(depth)
  itHasAPlaceForEveryVariable(18, [
    [3, 'imagenet', 0],
    [4, 'cifar', 0],
  ])
})
