#include "cuda/dist/nccl.h"

#ifndef USE_C10D_NCCL
#define USE_C10D_NCCL
#endif

#include <cstdlib>
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

namespace simclr::cuda {

c10::intrusive_ptr<c10d::Backend> make_nccl(const BackendSpec& spec) {
  // LibTorch's watchdog would end the process where a collective fails; ProcessGroup::settle watches, aborts
  // and says which rank it was.
  setenv("TORCH_NCCL_ASYNC_ERROR_HANDLING", "0", /*overwrite=*/0);
  // Small collectives that the network waits for must not queue behind a layer's kernels.
  auto options = c10d::ProcessGroupNCCL::Options::create(/*is_high_priority_stream=*/true);
  options->timeout = spec.timeout;
  return c10::make_intrusive<c10d::ProcessGroupNCCL>(spec.store, spec.rank, spec.size, std::move(options));
}

}  // namespace simclr::cuda
