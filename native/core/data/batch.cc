#include "core/data/batch.h"

#include <atomic>
#include <exception>
#include <mutex>
#include <thread>

namespace simclr {

void Batch::write_views(float* out, int threads, const ViewPath& path) const {
  const size_t side = static_cast<size_t>(augmenter->plan().size);
  const size_t pixels = side * side * 3;
  const size_t total = count() * static_cast<size_t>(views);
  std::atomic<size_t> next = 0;
  std::exception_ptr error;
  std::mutex error_mutex;
  const auto work = [&] {
    try {
      for (size_t i = next++; i < total; i = next++) {
        write_view(static_cast<int>(i / count()), i % count(), out + i * pixels, path);
      }
    } catch (...) {
      const std::lock_guard lock(error_mutex);
      if (!error) error = std::current_exception();
      next = total;
    }
  };
  std::vector<std::jthread> helpers;
  for (int i = 1; i < threads; ++i) helpers.emplace_back(work);
  work();
  helpers.clear();  // joins
  if (error) std::rethrow_exception(error);
}

}  // namespace simclr
