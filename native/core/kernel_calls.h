// How often kernels of our own for devices have computed something in this process: where they do not take a
// tensor LibTorch's operations compute the same, and no result shows which of the two it came from.
#pragma once

#include <array>
#include <cstdint>

namespace simclr {

enum class KernelKind { kViews, kBatchNorm, kContrast, kOptimizer };
constexpr int kKernelKinds = 4;

/// Called by native/cuda where it queues one of them. Work that is recorded counts once, not at its replays.
void count_call(KernelKind kind);

/// By kind, since the process began.
std::array<int64_t, kKernelKinds> kernel_calls();

}  // namespace simclr
