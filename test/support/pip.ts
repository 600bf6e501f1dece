/** A python3 whose pip is a script: no index is asked, and what it was asked for can be read. */
import fs from 'node:fs'
import path from 'node:path'

export interface FakePip {
  /** Goes on the PATH. */
  bin: string
  /** The arguments of each download. */
  asked(): string[]
}

/** Puts it in `folder`/bin; it answers with `answers` in turn, and knows of nothing where one is '' or they are at an end. */
export function fakePip(folder: string, ...answers: string[]): FakePip {
  const bin = path.join(folder, 'bin')
  const kept = path.join(folder, 'pip')
  fs.mkdirSync(bin, { recursive: true })
  fs.mkdirSync(kept)
  const log = path.join(kept, 'asked.txt')
  const script = `#!/bin/sh
PATH=/usr/bin:/bin
for last in "$@"; do :; done
if [ "$last" = --version ]; then exit 0; fi
echo "$*" >> ${log}
n=$(wc -l < ${log})
last=
for dest in "$@"; do [ "$last" = --dest ] && break; last=$dest; done
cp ${kept}/answer$n.whl "$dest/torch.whl" 2>/dev/null || { echo "ERROR: No matching distribution found" >&2; exit 1; }
`
  fs.writeFileSync(path.join(bin, 'python3'), script, { mode: 0o755 })
  answers.forEach((file, i) => {
    if (file) fs.copyFileSync(file, path.join(kept, `answer${i + 1}.whl`))
  })
  return { bin, asked: () => fs.readFileSync(log, 'utf8').trim().split('\n') }
}
