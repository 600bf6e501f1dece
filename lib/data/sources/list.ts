/** A text file that names images: one path a line, behind a tab its class. */
import { readFile } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { SimclrError } from '../../addon/errors.ts'
import { isAddress } from '../input.ts'
import type { ImageSource } from '../types.ts'
import { labelsByName } from './classes.ts'

/** Paths are relative to the list's folder. Blank lines and lines that start with # are passed over. */
export async function openList(file: string): Promise<ImageSource> {
  const lines = (await readFile(file, 'utf8'))
    .replace(/^\ufeff/, '') // some editors mark UTF-8
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
  if (lines.length === 0) {
    throw new SimclrError('ERR_SIMCLR_DATA', `Expected one path a line in ${file} but it has no lines.`)
  }
  const rows = lines.map((line) => line.split('\t'))
  const labelled = rows.some((row) => row.length > 1)
  return {
    name: file,
    count: rows.length,
    ...(labelled ? labelsByName(rows.map((row) => row[1]?.trim() ?? '')) : {}),
    nameOf: (index) => rows[index]![0]!,
    read(index) {
      const path = rows[index]![0]!
      return isAddress(path) ? path : resolve(dirname(file), path)
    },
  }
}
