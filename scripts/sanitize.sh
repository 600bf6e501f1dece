#!/usr/bin/env bash
# The addon under AddressSanitizer and UndefinedBehaviorSanitizer, LibTorch as it is: builds it with node-gyp in a copy of
# the committed tree and runs there the tests that are named, by default the smaller ones of what is native and the
# loader's. So node-gyp's build is tested too, and that every source includes what it needs: it precompiles no header.
# `npm run test:sanitize -- test/ops/*.test.ts`
set -euo pipefail
cd "$(dirname "$0")/.."

tests=("$@")
[ ${#tests[@]} -gt 0 ] || tests=(test/augment test/learn/{convolution,tiles,init,learner}.test.ts test/ops test/data/{store,image-store,jpeg}.test.ts
  test/evaluate/concurrent.test.ts test/addon/load.test.ts)
for test in "${tests[@]}"; do
  [ -e "$test" ] || { echo "Expected tests but there is no $test." >&2; exit 1; }
done

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
git clone -q . "$folder"
cp -a node_modules "$folder/"
cd "$folder"

flags='-fsanitize=address,undefined -fno-sanitize=vptr -fno-omit-frame-pointer -g1 -O1'
CXXFLAGS=$flags LDFLAGS=$flags npm run --silent build:gyp
# Not a pipe: grep that ends at its first line ends nm with a broken one, which counts as a failure.
symbols=$(nm -D --undefined-only build/Release/simclr.node)
for checks in __asan_report_load __ubsan_handle; do
  grep -q "$checks" <<<"$symbols" || { echo "The addon was built without $checks." >&2; exit 1; }
done

# Node is no sanitized program: the run-time library must come first. LibTorch and Node never free some of what they
# hold, and the loader opens libraries that both define (ODR).
export LD_PRELOAD="$(g++ -print-file-name=libasan.so) $(g++ -print-file-name=libubsan.so)"
# What is freed is kept from use for a while, by default until it is 256 MB: a test that measures whether memory is given
# back would measure that.
export ASAN_OPTIONS=detect_leaks=0:detect_odr_violation=0:alloc_dealloc_mismatch=0:quarantine_size_mb=4
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
node node_modules/mocha/bin/mocha.js --timeout 600000 --recursive --extension .test.ts "${tests[@]}"
