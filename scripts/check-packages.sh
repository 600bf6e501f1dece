#!/usr/bin/env bash
# The packages as users get them: packed, installed with --ignore-scripts in empty folders by npm, pnpm and yarn, with
# the platform packages from a local registry; LibTorch installed by each app's own command, from pip, from a file and
# from a server, into an empty cache; run with no compiler in sight; then the example apps on what npm installed.
# Needs a built checkout, and pip with a source of torch.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD

work=$(mktemp -d)
# The registry serves while descriptor 9 is open.
trap 'exec 9>&-; rm -rf "$work"' EXIT
tarballs=$work/tarballs

node scripts/prebuild.mjs --variant cpu
node scripts/pack.mjs "$tarballs"
simclr=$(echo "$tarballs"/simclr-[0-9]*.tgz)

echo "-- no source, no binding.gyp, no scripts in the tarballs; every platform package pinned"
for tarball in "$tarballs"/*.tgz; do
  # Of test/ only the golden files, which `simclr verify` compares with.
  if tar -tzf "$tarball" | grep -v /test/golden/ | grep -E 'binding\.gyp|\.cc$|/native/|/test/|/scripts/'; then exit 1; fi
  if tar -xzOf "$tarball" package/package.json | grep -E '"scripts"|"devDependencies"'; then exit 1; fi
done
tar -xzOf "$simclr" package/package.json | grep -E '"@simclr/linux-x64-cpu": "[0-9.]+"'

# Yarn wants every optional dependency to exist, and a release publishes them all; those not built here are empty.
for pinned in $(tar -xzOf "$simclr" package/package.json | grep -oE '@simclr/linux-x64-[a-z0-9.-]+'); do
  [ -f "$tarballs/simclr-${pinned#@simclr/}-$(node -p "require('./package.json').version").tgz" ] && continue
  mkdir -p "$work/empty"
  node -p "JSON.stringify({ name: '$pinned', version: require('./package.json').version })" >"$work/empty/package.json"
  npm pack --silent --pack-destination "$tarballs" "$work/empty" >/dev/null
done

# Torch's wheel once; the apps get it from here.
torch=$(node -p "require('./build/Release/build.json').torch")
python3 -m pip download --quiet --no-deps --only-binary=:all: --python-version 311 --platform manylinux_2_28_x86_64 \
  --dest "$work/wheels" "torch==$torch+cpu"
wheel=$(echo "$work"/wheels/torch-*.whl)

mkfifo "$work/hold"
node scripts/packages/registry.mjs "$tarballs" <"$work/hold" >"$work/address" &
exec 9>"$work/hold"
until [ -s "$work/address" ]; do sleep 0.1; done
registry=$(cat "$work/address")

# Node alone: no compiler, no CMake, no Python.
mkdir "$work/bin"
ln -s "$(command -v node)" "$work/bin/node"
alone() { env -i HOME="$HOME" PATH="$work/bin" XDG_CACHE_HOME="${XDG_CACHE_HOME:-}" "$@"; }

# app NAME: an empty project with an empty cache that asks the local registry for @simclr/*.
app() {
  mkdir "$work/$1"
  cd "$work/$1"
  export XDG_CACHE_HOME=$work/$1/cache
  echo '{ "private": true, "type": "module" }' >package.json
  echo "@simclr:registry=$registry/" >.npmrc
}

# lacks_libtorch: says which command installs it.
lacks_libtorch() {
  if alone node node_modules/simclr/dist/cli/main.js train 2>error.txt; then exit 1; fi
  grep -q 'npx simclr libtorch install cpu' error.txt
}

# works: trains and embeds with what is installed in the current folder.
works() {
  alone node node_modules/simclr/dist/cli/main.js train --data synthetic:scenes --limit 64 --image-size 32 \
    --batch-size 16 --epochs 1 --width 0.25 --out run --json >train.jsonl
  alone node --input-type=module -e "
    import { Encoder, versions } from 'simclr'
    const encoder = await Encoder.load('run')
    const { shape } = await encoder.embed([{ data: new Uint8Array(3072), width: 32, height: 32, channels: 3 }])
    encoder.dispose()
    console.log(versions().binary, shape)"
}

echo "-- npm"
app npm
npm install --silent --ignore-scripts --no-audit --no-fund "$simclr"
lacks_libtorch
PIP_FIND_LINKS=$work/wheels npx simclr libtorch install cpu
alone node node_modules/.bin/simclr doctor
works

echo "-- none of the binaries: one error with causes and solutions"
mv node_modules/@simclr "$work/aside"
if alone node node_modules/.bin/simclr train 2>error.txt; then exit 1; fi
cat error.txt
grep -q 'Possible causes and solutions' error.txt
mv "$work/aside" node_modules/@simclr

echo "-- pnpm"
app pnpm
npm exec --yes pnpm@10 -- add --ignore-scripts --silent "$simclr"
lacks_libtorch
npm exec --yes pnpm@10 -- exec simclr libtorch install cpu --from "$wheel"
works

echo "-- yarn"
app yarn
cat >.yarnrc.yml <<YARN
enableScripts: false
enableTelemetry: false
globalFolder: ./.yarn-global
nodeLinker: node-modules
npmRegistryServer: "$(npm config get registry)"
npmScopes: { simclr: { npmRegistryServer: "$registry" } }
unsafeHttpWhitelist: ["127.0.0.1"]
# Yarn waits a day before it takes a new version; these are seconds old.
npmPreapprovedPackages: ["@simclr/*"]
YARN
touch yarn.lock
npm exec --yes --package=@yarnpkg/cli-dist@4 -- yarn add "simclr@file:$simclr" >yarn.log || { cat yarn.log; exit 1; }
lacks_libtorch
cp "$wheel" "$tarballs"
npm exec --yes --package=@yarnpkg/cli-dist@4 -- yarn simclr libtorch install cpu --source "$registry/-/$(basename "$wheel")"
works

if [ -x "$root/scripts/packages/examples.sh" ]; then "$root/scripts/packages/examples.sh" "$work/npm"; fi
