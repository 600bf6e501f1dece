// Images for a network are made by as many threads as the calling one has.
#include "core/learn/host_images.h"

#include <ATen/Parallel.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <set>
#include <stdexcept>
#include <thread>

#include "core/machine/own_threads.h"
#include "testing.h"

using namespace simclr;

namespace {

/// Threads that made `rows` images; each waits for `threads` of them to be at it at the same time.
size_t makers(int threads, int64_t rows) {
  const OwnThreads own(threads);
  std::mutex mutex;
  std::condition_variable another;
  std::set<std::thread::id> seen;
  const at::Tensor images = host_images(rows, 2, at::kCPU, [&](int64_t row, float* pixels) {
    std::unique_lock lock(mutex);
    seen.insert(std::this_thread::get_id());
    another.notify_all();
    const auto all_here = [&] { return seen.size() == static_cast<size_t>(threads); };
    EXPECT(another.wait_for(lock, std::chrono::seconds(20), all_here));
    for (int i = 0; i < 12; ++i) pixels[i] = static_cast<float>(100 * row + i);
  });
  EXPECT(images.sizes() == (at::IntArrayRef{rows, 2, 2, 3}));
  const auto* values = images.const_data_ptr<float>();
  for (int64_t i = 0; i < rows * 12; ++i) EXPECT(values[i] == static_cast<float>(100 * (i / 12) + i % 12));
  return seen.size();
}

}  // namespace

int main() {
  take_usual_threads();
  EXPECT(makers(4, 64) == 4);
  EXPECT(makers(1, 64) == 1);
  bool thrown = false;
  try {
    const OwnThreads own(3);
    host_images(9, 1, at::kCPU, [](int64_t row, float*) {
      if (row == 7) throw std::runtime_error("of a row");
    });
  } catch (const std::runtime_error&) {
    thrown = true;
  }
  EXPECT(thrown);
  std::puts("ok");
}
