/**
 * The libjpeg-turbo that the addon can be built with: a static library, so that the binary asks no system for one. Both
 * builds call it: node scripts/jpeg-library.mjs COMPILER prints its path, or nothing; why goes to stderr.
 *
 * SIMCLR_JPEG names another library than the compiler finds, or is `off`. jpeglib.h is looked for beside it
 * (PREFIX/lib/libjpeg.a, PREFIX/include) and then where the compiler looks.
 */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

/** What the addon needs of it: turbo's, with parts of images, and code that may be part of a shared object. */
const PROBE = `
#include <cstdio>
#include <jpeglib.h>
#if !defined(JCS_EXTENSIONS) || !defined(LIBJPEG_TURBO_VERSION)
#error not libjpeg-turbo
#endif
void probe(jpeg_decompress_struct* state, FILE* file) {
  jpeg_create_decompress(state);
  jpeg_stdio_src(state, file);
  jpeg_mem_src(state, nullptr, 0);
  jpeg_save_markers(state, JPEG_APP0, 1);
  jpeg_read_header(state, TRUE);
  jpeg_start_decompress(state);
  jpeg_crop_scanline(state, nullptr, nullptr);
  jpeg_skip_scanlines(state, 1);
  jpeg_read_scanlines(state, nullptr, 1);
  jpeg_finish_decompress(state);
  jpeg_destroy_decompress(state);
}
`

/** What a build without it says. */
export function withoutJpeg(reason) {
  return `JPEG files will be decoded by sharp, more slowly: ${reason}.\n`
}

/** `{ library, include }`, or `{ reason }` why there is none. `include` is null where the compiler finds the header. */
export function jpegLibrary(compiler) {
  const { library, include, reason } = locateJpeg(compiler)
  if (reason !== undefined) return { reason }
  const trouble = link(compiler, library, include)
  return trouble === null ? { library, include } : { reason: `${library} cannot be used (${trouble})` }
}

/** The same without trying it: what a build would look at. */
export function locateJpeg(compiler) {
  const named = process.env.SIMCLR_JPEG || null
  if (named === 'off') return { reason: 'SIMCLR_JPEG=off' }
  const library = named ?? printFileName(compiler)
  if (library === null) return { reason: 'no libjpeg.a (apt-get install libjpeg-dev, then build anew)' }
  const beside = path.join(path.dirname(library), '..', 'include')
  const include = fs.existsSync(path.join(beside, 'jpeglib.h')) ? path.resolve(beside) : null
  return { library, include }
}

/** The static library in the compiler's own folders; null if there is none. */
function printFileName(compiler) {
  const { stdout } = spawnSync(compiler, ['-print-file-name=libjpeg.a'], { encoding: 'utf8' })
  const found = stdout?.trim() ?? ''
  return path.isAbsolute(found) && fs.existsSync(found) ? path.resolve(found) : null
}

/** Null if it can be linked into a shared object, else what the compiler said first. */
function link(compiler, library, include) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'simclr-jpeg-'))
  try {
    const source = path.join(folder, 'probe.cc')
    fs.writeFileSync(source, PROBE)
    const includes = include === null ? [] : ['-I', include]
    const flags = ['-shared', '-fPIC', '-Wl,--exclude-libs,ALL', '-Wl,-z,defs', '-Wl,-z,text']
    const { status, stderr } = spawnSync(
      compiler,
      [...flags, ...includes, source, library, '-o', path.join(folder, 'probe.so')],
      { encoding: 'utf8' },
    )
    return status === 0 ? null : stderr.trim().split('\n')[0]
  } finally {
    fs.rmSync(folder, { recursive: true })
  }
}

if (process.argv[1] === import.meta.filename) {
  const { library, include, reason } = jpegLibrary(process.argv[2] ?? 'c++')
  if (library) process.stdout.write([library, ...(include ? [include] : [])].join(';'))
  else process.stderr.write(withoutJpeg(reason))
}
