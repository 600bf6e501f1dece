#!/usr/bin/env bash
# The example apps on an app's installed simclr: scripts/packages/examples.sh APP, where APP/run is a trained run.
set -euo pipefail
examples=$(cd "$(dirname "$0")/../../examples" && pwd)
app=$(cd "$1" && pwd)
cd "$app"
cp -r "$examples"/. examples/
npm install --silent --ignore-scripts --no-audit --no-fund fastify@5 esbuild@0.28

echo "-- example apps"
node --expose-gc examples/service/test.js run
node examples/background/test.js
node examples/worker/main.js run
node examples/commonjs/main.cjs run
node examples/bundle/build.js
node examples/bundle/bundle.mjs run
# Electron itself is a download: .github/workflows/electron.yml runs it there.
