/** The parts of Markdown files that benchmarks write: what lies between `<!-- NAME -->` and `<!-- /NAME -->`. */
import { readFile, writeFile } from 'node:fs/promises'

/** Puts `rewrite` of what lies between the marks in its place. Throws where the file has no such marks. */
export async function rewriteMarked(
  file: string,
  name: string,
  rewrite: (inside: string) => string,
): Promise<void> {
  const text = await readFile(file, 'utf8')
  const [begin, end] = [`<!-- ${name} -->`, `<!-- /${name} -->`]
  const [from, to] = [text.indexOf(begin) + begin.length, text.indexOf(end)]
  if (from < begin.length || to < from) throw new Error(`Expected ${begin} and ${end} in ${file}.`)
  await writeFile(file, `${text.slice(0, from)}\n${rewrite(text.slice(from, to))}\n${text.slice(to)}`)
}
