#include "cuda/dist/nccl.h"

#ifndef USE_C10D_NCCL
#define USE_C10D_NCCL
#endif

#include <cstdlib>
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

namespace simclr::cuda {
namespace {

/// LibTorch's watchdog would end the process where a collective fails; ProcessGroup::settle watches, aborts
/// and says which rank it was. When the addon is loaded: later, other threads may be reading the environment.
[[maybe_unused]] const int kNoWatchdog = setenv("TORCH_NCCL_ASYNC_ERROR_HANDLING", "0", /*overwrite=*/0);

}  // namespace

c10::intrusive_ptr<c10d::Backend> make_nccl(const BackendSpec& spec) {
  // Small collectives that the network waits for must not queue behind a layer's kernels.
  auto options = c10d::ProcessGroupNCCL::Options::create(/*is_high_priority_stream=*/true);
  options->timeout = spec.timeout;
  return c10::make_intrusive<c10d::ProcessGroupNCCL>(spec.store, spec.rank, spec.size, std::move(options));
}

}  // namespace simclr::cuda
