/**
 * Bundles app.ts with esbuild: node build.js. simclr and sharp stay outside: they find their binaries, workers and samples
 * beside their own files. Ship their node_modules with the bundle.
 */
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const here = (name) => fileURLToPath(new URL(name, import.meta.url))
await build({
  entryPoints: [here('app.ts')],
  outfile: here('bundle.mjs'),
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  external: ['simclr', 'sharp'],
})
