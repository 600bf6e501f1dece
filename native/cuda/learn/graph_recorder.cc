#include "cuda/learn/graph_recorder.h"

#include <ATen/core/CachingHostAllocator.h>
#include <ATen/cuda/CUDAEvent.h>
#include <c10/core/AutogradState.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAGuard.h>
#include <cuda_runtime_api.h>
#include <torch/version.h>

#include <mutex>
#include <string>

#include "core/error.h"
#include "cuda/learn/exclusive.h"

namespace simclr::cuda {
namespace {

/// LibTorch 2.14's graph gives the pools back itself when it goes, whatever has failed.
constexpr bool kGraphGivesBack = TORCH_VERSION_MAJOR > 2 || TORCH_VERSION_MINOR >= 14;

/// Streams of a device that LibTorch hands out, round and round.
constexpr int kStreams = 32;

/// What another learner's thread queued on a stream that is being captured would become part of the
/// recording, and LibTorch 2.14 takes cuBLAS's workspace of a stream away with the first of its graphs.
Exclusive<c10::cuda::CUDAStream>& streams() {
  static Exclusive<c10::cuda::CUDAStream> taken;
  return taken;
}

std::optional<c10::cuda::CUDAStream> own_stream(const at::Device& device) {
  const auto next = [&] { return c10::cuda::getStreamFromPool(/*isHighPriority=*/false, device.index()); };
  return streams().take(next, 2 * kStreams);  // twice: others ask LibTorch in between
}

/// Held by whoever records. LibTorch's allocator gives no memory back to the GPU while any stream of the
/// process is captured (or fails an assertion over it).
std::mutex& recording() {
  static std::mutex mutex;
  return mutex;
}

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

/// Takes the allocator of pinned memory out of a capture, in which it takes part since LibTorch 2.10 or so.
template <class Allocator, class Attempt>
void leave_pinned(Allocator& allocator, const at::cuda::MempoolId_t& pool, const Attempt& attempt) {
  if constexpr (requires { allocator.end_allocate_to_pool(pool); }) {
    attempt([&] { allocator.end_allocate_to_pool(pool); });
    attempt([&] { allocator.release_pool(pool); });
  }
}

struct Graph final : RecordedWork {
  explicit Graph(std::shared_ptr<const GraphRecorder::Pool> p) : pool(std::move(p)) {}
  void replay() override { graph.replay(); }
  const std::shared_ptr<const GraphRecorder::Pool> pool;
  at::cuda::CUDAGraph graph;
};

}  // namespace

GraphRecorder::GraphRecorder(const at::Device& device) : device_(device), stream_(own_stream(device)) {}

GraphRecorder::~GraphRecorder() {
  if (stream_) streams().give_back(*stream_);
}

void GraphRecorder::run(const std::function<void()>& work) {
  if (!stream_) return work();
  const c10::cuda::CUDAStream current = c10::cuda::getCurrentCUDAStream(device_.index());
  wait(*stream_, current);
  try {
    const c10::cuda::CUDAStreamGuard guard(*stream_);
    const OneThread one_thread;
    work();
  } catch (...) {
    wait(current, *stream_);
    throw;
  }
  wait(current, *stream_);
}

std::unique_ptr<RecordedWork> GraphRecorder::record(const std::function<void()>& work) {
  if (!stream_) {
    throw Error("ERR_SIMCLR_NATIVE", "Expected at most " + std::to_string(kStreams) +
                                         " learners at a time on " + device_.str() +
                                         " that record, but there are as many already");
  }
  const std::lock_guard alone(recording());
  const c10::cuda::CUDAStream current = c10::cuda::getCurrentCUDAStream(device_.index());
  const c10::cuda::CUDAStreamGuard guard(*stream_);
  const OneThread one_thread;
  // The recording gets memory of its own: what earlier steps have left in the allocator goes back first. They
  // used these two streams. To wait for the whole device is illegal while anybody captures, another library
  // of the process too.
  current.synchronize();
  stream_->synchronize();
  c10::cuda::CUDACachingAllocator::emptyCache();
  std::shared_ptr<const Pool> pool = pool_.lock();
  if (!pool) pool_ = pool = std::make_shared<const Pool>();
  auto recorded = std::make_unique<Graph>(pool);
  // The mode forbids this thread what a capture cannot have, and no other: those go on allocating memory, of
  // the GPU and pinned, asking events, uploading images, embedding. In the global mode these were errors.
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

/// Takes the stream and the allocators out of a capture that has failed, wherever it did: `capture_end` tells
/// the allocators nothing where CUDA has found the capture invalid. That of pinned memory would go on asking
/// the graph, which is gone by then, about every stream that wants memory.
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
    const c10::DeviceIndex device = device_.index();
    attempt([&] { allocator::endAllocateToPool(device, pool.id); });
    attempt([&] { allocator::releasePool(device, pool.id); });
    leave_pinned(*at::getHostAllocator(at::kCUDA), pool.id, attempt);
  }
  cudaGetLastError();  // it is told as an exception; the next launch shall not meet it
}

}  // namespace simclr::cuda
