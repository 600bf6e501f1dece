#!/usr/bin/env bash
# The packages as users get them: packed, installed with --ignore-scripts in an empty folder, run with no
# compiler in sight. Needs a built checkout and LibTorch in the cache.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

node scripts/prebuild.mjs
npm pack --silent --ignore-scripts --pack-destination "$work" . ./npm/linux-x64-cpu

echo "-- no source, no binding.gyp, no install script in the tarballs"
for tarball in "$work"/*.tgz; do
  # Of test/ only the golden files, which `simclr verify` compares with.
  if tar -tzf "$tarball" | grep -v /test/golden/ | grep -E 'binding\.gyp|\.cc$|/native/|/test/|/scripts/'; then exit 1; fi
  if tar -xzOf "$tarball" package/package.json | grep -E '"(pre|post)?install"'; then exit 1; fi
done

echo "-- installed in an empty folder"
mkdir "$work/app" "$work/bin"
cd "$work/app"
npm init --yes >/dev/null
npm install --silent --ignore-scripts --no-audit --no-fund "$work"/*.tgz

# Node alone: no compiler, no CMake, no Python.
ln -s "$(command -v node)" "$work/bin/node"
alone() { env -i HOME="$HOME" PATH="$work/bin" XDG_CACHE_HOME="${XDG_CACHE_HOME:-}" "$@"; }

echo "-- runs"
alone node node_modules/.bin/simclr doctor
alone node --input-type=module -e "
  import { versions } from 'simclr'
  console.log(versions())"
alone node node_modules/.bin/simclr train --data synthetic:scenes --limit 64 --image-size 32 --batch-size 16 \
  --epochs 1 --out "$work/run" --json
test -s "$work/run/encoder.safetensors"
