#include "core/kernel_calls.h"

#include <atomic>

namespace simclr {
namespace {

std::array<std::atomic<int64_t>, kKernelKinds> counts{};

}  // namespace

void count_call(KernelKind kind) { counts[static_cast<int>(kind)].fetch_add(1, std::memory_order_relaxed); }

std::array<int64_t, kKernelKinds> kernel_calls() {
  std::array<int64_t, kKernelKinds> out;
  for (int i = 0; i < kKernelKinds; ++i) out[i] = counts[i].load(std::memory_order_relaxed);
  return out;
}

}  // namespace simclr
