/** An experiment's results: a JSON line each, so that it can be stopped at any time and gone on with. */
import { appendFile, readFile } from 'node:fs/promises'

/** All that the file has; none where it is not there yet. */
export async function readResults<T>(file: string): Promise<T[]> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as T)
}

export async function addResult(file: string, result: object): Promise<void> {
  await appendFile(file, `${JSON.stringify(result)}\n`)
}
