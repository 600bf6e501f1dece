import { itHasAPlaceForEveryVariable } from '../verify/paper-network.ts'

describe('deep golden networks have a place for every variable of', () => {
  for (const depth of [101, 152, 200]) itHasAPlaceForEveryVariable(depth)
})
