// Work recorded as CUDA graphs.
#pragma once

#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAStream.h>

#include "core/learn/work_recorder.h"

namespace simclr::cuda {

/// Runs and records on a stream of its own, as capturing demands, and replays on the current one. Recordings
/// share one pool of memory: each writes whatever it reads there anew, so that they may be replayed in any
/// order, though not at once.
class GraphRecorder final : public WorkRecorder {
 public:
  explicit GraphRecorder(const at::Device& device);

  /// Memory of recordings; a new one once all that shared it have gone.
  struct Pool {
    const at::cuda::MempoolId_t id = at::cuda::graph_pool_handle();
  };

  void run(const std::function<void()>& work) override;
  std::unique_ptr<RecordedWork> record(const std::function<void()>& work) override;

 private:
  void abandon(at::cuda::CUDAGraph& graph, const Pool& pool) const noexcept;

  const c10::cuda::CUDAStream stream_;
  std::weak_ptr<const Pool> pool_;
};

}  // namespace simclr::cuda
