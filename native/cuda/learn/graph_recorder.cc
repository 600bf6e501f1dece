#include "cuda/learn/graph_recorder.h"

#include <ATen/cuda/CUDAEvent.h>
#include <c10/core/AutogradState.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAGuard.h>
#include <cuda_runtime_api.h>
#include <torch/version.h>

#include "cuda/check.h"

namespace simclr::cuda {
namespace {

/// LibTorch 2.14's graph gives the pool back itself when it goes, whatever has failed.
constexpr bool kGraphGivesBack = TORCH_VERSION_MAJOR > 2 || TORCH_VERSION_MINOR >= 14;

/// While one exists the backward pass runs on the thread that asks for it instead of on one that autograd
/// keeps for the device: cuDNN's timed algorithms and its handles belong to threads, and a capture answers
/// for what its own thread does, so that others (an encoder that embeds meanwhile) do not spoil it.
class OneThread {
 public:
  OneThread() { c10::AutogradState::get_tls_state().set_multithreading_enabled(false); }
  OneThread(const OneThread&) = delete;
  OneThread& operator=(const OneThread&) = delete;
  ~OneThread() { c10::AutogradState::get_tls_state().set_multithreading_enabled(before_); }

 private:
  const bool before_ = c10::AutogradState::get_tls_state().get_multithreading_enabled();
};

/// What is queued on `later` from now on waits for what is on `earlier`.
void wait(const c10::cuda::CUDAStream& later, const c10::cuda::CUDAStream& earlier) {
  at::cuda::CUDAEvent event;
  event.record(earlier);
  event.block(later);
}

struct Graph final : RecordedWork {
  explicit Graph(std::shared_ptr<const GraphRecorder::Pool> p) : pool(std::move(p)) {}
  void replay() override { graph.replay(); }
  const std::shared_ptr<const GraphRecorder::Pool> pool;
  at::cuda::CUDAGraph graph;
};

}  // namespace

GraphRecorder::GraphRecorder(const at::Device& device)
    : stream_(c10::cuda::getStreamFromPool(/*isHighPriority=*/false, device.index())) {}

void GraphRecorder::run(const std::function<void()>& work) {
  const c10::cuda::CUDAStream current = c10::cuda::getCurrentCUDAStream(stream_.device_index());
  wait(stream_, current);
  try {
    const c10::cuda::CUDAStreamGuard guard(stream_);
    const OneThread one_thread;
    work();
  } catch (...) {
    wait(current, stream_);
    throw;
  }
  wait(current, stream_);
}

std::unique_ptr<RecordedWork> GraphRecorder::record(const std::function<void()>& work) {
  const c10::cuda::CUDAStreamGuard guard(stream_);
  const OneThread one_thread;
  // The recording gets memory of its own: what earlier steps have left in the allocator goes back first.
  check(cudaDeviceSynchronize());
  c10::cuda::CUDACachingAllocator::emptyCache();
  std::shared_ptr<const Pool> pool = pool_.lock();
  if (!pool) pool_ = pool = std::make_shared<const Pool>();
  auto recorded = std::make_unique<Graph>(pool);
  try {
    recorded->graph.capture_begin(pool->id, cudaStreamCaptureModeThreadLocal);
    work();
    recorded->graph.capture_end();
  } catch (...) {
    abandon(recorded->graph, *pool);
    throw;
  }
  return recorded;
}

/// Takes the stream and the allocator out of a capture that has failed, wherever it did: `capture_end` tells
/// the allocator nothing where CUDA has found the capture invalid.
void GraphRecorder::abandon(at::cuda::CUDAGraph& graph, const Pool& pool) const noexcept {
  const auto attempt = [](const auto& step) {
    try {
      step();
      return true;
    } catch (...) {
      return false;
    }
  };
  // Ended already, it throws and does nothing.
  attempt([&] { graph.capture_end(); });
  const bool graph_has_pool = attempt([&] { graph.pool(); });  // it gives it back when it goes
  if (!graph_has_pool && !kGraphGivesBack) {
    namespace allocator = c10::cuda::CUDACachingAllocator;
    const c10::DeviceIndex device = stream_.device_index();
    attempt([&] { allocator::endAllocateToPool(device, pool.id); });
    attempt([&] { allocator::releasePool(device, pool.id); });
  }
  cudaGetLastError();  // it is told as an exception; the next launch shall not meet it
}

}  // namespace simclr::cuda
