// Work recorded as CUDA graphs.
#pragma once

#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDAStream.h>

#include <optional>

#include "core/learn/work_recorder.h"

namespace simclr::cuda {

/// Runs and records on a stream of its own, as capturing demands, and replays on the current one. Recordings
/// share one pool of memory: each writes whatever it reads there anew, so that they may be replayed in any
/// order, though not at once.
class GraphRecorder final : public WorkRecorder {
 public:
  explicit GraphRecorder(const at::Device& device);
  GraphRecorder(const GraphRecorder&) = delete;
  GraphRecorder& operator=(const GraphRecorder&) = delete;
  ~GraphRecorder() override;

  /// Memory of recordings; a new one once all that shared it have gone.
  struct Pool {
    const at::cuda::MempoolId_t id = at::cuda::graph_pool_handle();
  };

  void run(const std::function<void()>& work) override;

  /// One at a time in the process. Throws where other recorders have all streams of the device, too.
  std::unique_ptr<RecordedWork> record(const std::function<void()>& work) override;

 private:
  void abandon(at::cuda::CUDAGraph& graph, const Pool& pool) const noexcept;

  const at::Device device_;
  const std::optional<c10::cuda::CUDAStream> stream_;  // its own; none is left: work runs on the current one
  std::weak_ptr<const Pool> pool_;
};

}  // namespace simclr::cuda
