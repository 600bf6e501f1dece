/** Typed arrays as the pieces take them: of the right class and length, or a sentence that says what came. */
import { expected, invalid } from '../config/messages.ts'

/** Throws ERR_SIMCLR_INVALID_ARGUMENT unless `values` is of one of the classes. */
export function checkArray(
  values: unknown,
  name: string,
  classes: readonly { new (length: number): object; name: string }[],
): void {
  if (classes.some((one) => values instanceof one)) return
  const wanted = classes.map((one) => one.name).join(' or ')
  throw invalid(
    expected(
      `${wanted.startsWith('I') ? 'an' : 'a'} ${wanted}`,
      name,
      values,
      'Copy what is none: Float32Array.from(values).',
    ),
  )
}

export const floats = [Float32Array, Float64Array] as const

/** The number of rows of `dim` in `values`. Throws ERR_SIMCLR_INVALID_ARGUMENT where that is no integer of at least 1. */
export function rowsOf(values: ArrayLike<number>, dim: number, name: string, row = '`dim` numbers'): number {
  const rows = values.length / dim
  if (rows >= 1 && Number.isInteger(rows)) return rows
  const advice = `A row is ${row}, ${dim}; rows follow each other without gaps.`
  throw invalid(expected(`whole rows, a multiple of ${dim},`, `${name}.length`, values.length, advice))
}

/** Throws ERR_SIMCLR_INVALID_ARGUMENT unless `labels` has a class, 0 to `classes` - 1, for each of `rows` rows. */
export function checkLabels(labels: Int32Array, rows: number, classes: number): void {
  if (labels.length !== rows) {
    throw invalid(expected(`one label for each of ${rows} rows`, 'labels.length', labels.length, ''))
  }
  const wrong = labels.findIndex((label) => label < 0 || label >= classes)
  if (wrong < 0) return
  const advice = 'Number the classes from 0; leave out rows without one.'
  throw invalid(expected(`a class from 0 to ${classes - 1}`, `labels[${wrong}]`, labels[wrong], advice))
}

/** Throws ERR_SIMCLR_INVALID_ARGUMENT unless `shape` is [rows, height, width, 3] and `data` of its length. */
export function checkImages(images: unknown): void {
  const { data, shape } = (images ?? {}) as { data?: ArrayLike<number>; shape?: readonly number[] }
  checkArray(data, 'images.data', floats)
  const isShape =
    Array.isArray(shape) &&
    shape.length === 4 &&
    shape.every((size) => Number.isSafeInteger(size) && size > 0)
  if (!isShape || shape[3] !== 3) {
    const advice =
      isShape && shape[1] === 3
        ? 'This is PyTorch’s order, channels before rows: bring the channels to the end.'
        : 'Integers of at least 1.'
    throw invalid(expected('[rows, height, width, 3]', 'images.shape', shape, advice))
  }
  const length = shape.reduce((product, size) => product * size, 1)
  if (data!.length === length) return
  throw invalid(
    expected(
      `${shape.join(' x ')} = ${length} numbers`,
      'images.data.length',
      data!.length,
      'As `shape` says.',
    ),
  )
}
