/** A part of a file, of any length. */
import { type FileHandle, open } from 'node:fs/promises'

/** That one read may ask for: readFile and FileHandle.read refuse more than 2 GiB. */
const mostAtOnce = 1 << 30

/** `length` bytes from `position` on; fewer where the file ends before. */
export async function readBytes(
  file: FileHandle,
  position: number,
  length: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length)
  for (let at = 0; at < length; ) {
    const { bytesRead } = await file.read(bytes, at, Math.min(mostAtOnce, length - at), position + at)
    if (bytesRead === 0) return bytes.subarray(0, at)
    at += bytesRead
  }
  return bytes
}

/** The same of a file that is opened for it. */
export async function readBytesOf(
  path: string,
  position: number,
  length: number,
): Promise<Buffer<ArrayBuffer>> {
  await using file = await open(path)
  const { buffer, byteLength } = await readBytes(file, position, length)
  return Buffer.from(buffer, 0, byteLength)
}
