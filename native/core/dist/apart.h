// Calls of c10d that may never return: a store whose process is stopped or cut off does not answer, and
// nothing interrupts the waiting for it.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <thread>

namespace simclr {

/// `work` on a thread of its own; returns and throws what it does. `look` is called now and then meanwhile,
/// and throws to give up: then the thread is left to itself and to whatever `work` owns, and `left` becomes
/// true.
template <class Result>
Result apart(std::function<Result(const std::atomic<bool>& left)> work, const std::function<void()>& look) {
  constexpr std::chrono::milliseconds kLookEvery{20};
  const auto left = std::make_shared<std::atomic<bool>>(false);
  std::packaged_task<Result()> task([work = std::move(work), left] { return work(*left); });
  std::future<Result> result = task.get_future();
  std::thread(std::move(task)).detach();
  try {
    while (result.wait_for(kLookEvery) != std::future_status::ready) look();
  } catch (...) {
    *left = true;
    throw;
  }
  return result.get();
}

}  // namespace simclr
