/** What trainings on a GPU machine learn from: CIFAR from a given folder, or synthetic scenes where there is none. */
import fs from 'node:fs'
import path from 'node:path'
import { Failure } from '../bootstrap/run.mjs'

/**
 * Names of data and how to train on it. `cifar`: a folder with train/ and test/, which hold a folder of images for each class, or
 * with the binary batches (data_batch_1.bin …); or undefined. `least`: nearest neighbours' accuracy of an encoder that has
 * learnt, well above raw pixels' and well below what the recipe reaches.
 *
 * @param {string | undefined} cifar
 * @returns {{ name: string, train: string, test: string, recipe: string[], least: number }}
 */
export function imagesOf(cifar) {
  if (cifar === undefined) {
    // Raw pixels 0.305, the recipe 0.77 to 0.86 (docs/sample.md).
    const scenes = (split) => `synthetic:scenes,split=${split}`
    return {
      name: 'synthetic scenes',
      ...{ train: scenes('train'), test: scenes('test') },
      ...{ recipe: ['--preset', 'sample'], least: 0.5 },
    }
  }
  const folder = path.resolve(cifar)
  if (!fs.existsSync(folder)) throw new Failure(`Expected a folder for --cifar but there is no ${folder}.`)
  const folders = ['train', 'test'].map((split) => path.join(folder, split))
  const [train, test] = folders.every((name) => fs.existsSync(name))
    ? folders
    : ['train', 'test'].map((split) => `cifar10:${folder},split=${split}`)
  // Raw pixels 0.40 (docs/findings.md).
  const recipe = ['--preset', 'cifar', '--epochs', '20', '--warmup-epochs', '2']
  return { name: 'CIFAR', train, test, recipe, least: 0.5 }
}
