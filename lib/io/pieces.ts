/** Text that may be longer than V8 lets a string be: half a billion characters, which ten million paths have. */

/** Characters of a piece, about. */
const pieceLength = 1 << 20

/** The texts behind one another in UTF-8, in pieces of about a megabyte. */
export function* inPieces(texts: Iterable<string>): Generator<Buffer> {
  let waiting: string[] = []
  let length = 0
  for (const text of texts) {
    waiting.push(text)
    length += text.length
    if (length < pieceLength) continue
    yield Buffer.from(waiting.join(''))
    waiting = []
    length = 0
  }
  yield Buffer.from(waiting.join(''))
}

/** The lines of UTF-8 text, each of which ends in a line feed. What is behind the last one is no line. */
export function* linesOf(text: Buffer): Generator<string> {
  let start = 0
  for (let end = text.indexOf(10); end >= 0; end = text.indexOf(10, start)) {
    yield text.toString('utf8', start, end)
    start = end + 1
  }
}
