// One thread with a queue: everything a run does natively happens on it, in order.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>

#include "core/error.h"
#include "core/machine/own_threads.h"

namespace simclr {

/// Runs posted tasks one after the other on a thread of its own. Tasks must not throw.
class TaskThread {
 public:
  /// Throws ERR_SIMCLR_NATIVE where no thread can be started.
  TaskThread() try : thread_([this] { loop(); }) {
  } catch (const std::system_error& error) {
    throw Error("ERR_SIMCLR_NATIVE", std::string("No thread can be started: ") + error.code().message() +
                                         ". Raise the limit of processes (ulimit -u, a container's pids "
                                         "limit) or of memory, or lower `threads`.");
  }
  TaskThread(const TaskThread&) = delete;
  TaskThread& operator=(const TaskThread&) = delete;
  ~TaskThread() { join(); }

  /// Queues a task; false if the thread has been told to end.
  bool post(std::function<void()> task) {
    std::lock_guard lock(mutex_);
    if (ending_) return false;
    tasks_.push_back(std::move(task));
    wake_.notify_one();
    return true;
  }

  /// Takes no further tasks; what is queued still runs. Does not wait.
  void end() {
    std::lock_guard lock(mutex_);
    ending_ = true;
    wake_.notify_one();
  }

  /// Lets the running and queued tasks end, then joins. Safe to call twice.
  void join() {
    end();
    if (thread_.joinable()) thread_.join();
  }

 private:
  void loop() {
    take_usual_threads();
    for (;;) {
      std::function<void()> task;
      {
        std::unique_lock lock(mutex_);
        wake_.wait(lock, [this] { return ending_ || !tasks_.empty(); });
        if (tasks_.empty()) return;
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      task();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> tasks_;
  bool ending_ = false;
  std::thread thread_;  // last: the loop uses the members above
};

}  // namespace simclr
