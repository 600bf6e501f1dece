#!/usr/bin/env bash
# The kernels for CUDA 12.8, whose nvcc is in no wheel: clang compiles them with the headers of NVIDIA's wheels, for each GPU
# generation of native/cuda/CMakeLists.txt, and the wheels' own ptxas assembles them. Nothing is linked. A second
# compiler's opinion of them, too: warnings are errors.
# Needs clang++ (16 to 19, or $CLANGXX), pip, and dist/ (`npm run build`). Beside them $SIMCLR_LIBTORCH, a LibTorch for that
# CUDA: with it what calls the kernels is compiled too.
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

clang=${CLANGXX:-}
for name in clang++-{19,18,17,16} clang++; do
  [ -n "$clang" ] || ! command -v "$name" >/dev/null || clang=$name
done
[ -n "$clang" ] || { echo "check-cuda12: no clang++ found; install one (Debian: clang-19) or name it in CLANGXX" >&2; exit 1; }

# Of the release table: headers of the run time, ptxas and the device library, and curand's, which clang's own wrapper includes.
wheels=$(node --input-type=module -e "
  import { findRelease } from './dist/addon/libtorch/versions.js'
  const { runtime, headers } = findRelease('cu128')
  const wanted = /^nvidia-(cuda-runtime|cuda-cccl|cuda-nvcc|curand)-/
  console.log([...new Set([...runtime, ...headers])].filter((name) => wanted.test(name)).join(' '))")
python3 -m pip download -q --no-deps -d "$work/wheels" $wheels
for wheel in "$work"/wheels/*.whl; do python3 -m zipfile -e "$wheel" "$work"; done

# The folder that clang takes for a toolkit.
nvidia=$work/nvidia
mkdir "$work/toolkit"
ln -s "$nvidia/cuda_nvcc/bin" "$nvidia/cuda_nvcc/nvvm" "$nvidia/cuda_runtime/include" "$work/toolkit"
chmod +x "$nvidia/cuda_nvcc/bin/ptxas"
includes=(-Inative)
for folder in "$nvidia"/*/include; do includes+=(-isystem "$folder"); done
flags=(-x cuda "--cuda-path=$work/toolkit" -std=c++20 -O3 -Wall -Wextra -Werror -Wno-unknown-cuda-version "${includes[@]}")

generations=$(sed -nE 's/^set\(CMAKE_CUDA_ARCHITECTURES ([0-9 ]+) CACHE.*/\1/p' native/cuda/CMakeLists.txt)
count=0
while read -r source; do
  echo "$source"
  "$clang" "${flags[@]}" --cuda-host-only -fsyntax-only "$source"
  for generation in $generations; do
    "$clang" "${flags[@]}" --cuda-device-only "--cuda-gpu-arch=sm_$generation" -c "$source" -o "$work/kernels.cubin"
    [ -s "$work/kernels.cubin" ]
    count=$((count + 1))
  done
done < <(git ls-files 'native/cuda/*.cu')
[ "$count" -gt 0 ]

if [ -n "${SIMCLR_LIBTORCH:-}" ]; then
  torch=$SIMCLR_LIBTORCH/include
  for folder in "$SIMCLR_LIBTORCH"/../nvidia/*/include; do includes+=(-isystem "$folder"); done
  while read -r source; do
    echo "$source"
    "${CXX:-c++}" -std=c++20 -fsyntax-only -DSIMCLR_CUDA -Wall -Wextra -Wno-unused-parameter "${includes[@]}" \
      -isystem "$torch" -isystem "$torch/torch/csrc/api/include" "$source"
  done < <(git ls-files 'native/cuda/*.cc')
fi
echo "check-cuda12: $count objects by $("$clang" --version | head -1)"
