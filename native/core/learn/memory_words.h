// The words by which libraries say that memory ran out.
#pragma once

#include <algorithm>
#include <array>
#include <string_view>

namespace simclr {

/// Whether an error's text says so: of the CPU's allocator, or of a GPU whose context, pinned memory or
/// libraries' workspaces find no room, which LibTorch reports as it does any failure there.
inline bool says_no_memory(std::string_view text) {
  constexpr std::array<std::string_view, 6> kWords{
      "DefaultCPUAllocator",        "CUDA out of memory",        "CUDA error: out of memory",
      "CUBLAS_STATUS_ALLOC_FAILED", "CUDNN_STATUS_ALLOC_FAILED", "CUSOLVER_STATUS_ALLOC_FAILED"};
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](std::string_view words) { return text.find(words) != std::string_view::npos; });
}

}  // namespace simclr
