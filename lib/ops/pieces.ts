/** What `ops` holds. */
export { augment } from './augment.ts'
export { ntXent } from './loss.ts'
export { nearest } from './nearest.ts'
export { adam, adamw, lars, sgd } from './optimizer.ts'
export { knn, linearProbe } from './probes.ts'
export { resnet } from './resnet.ts'
