// Work that is recorded once and replayed: what a device must bring so that a step's thousands of launches
// cost one.
#pragma once

#include <functional>
#include <memory>

namespace simclr {

/// Work on memory that stays where it is.
class RecordedWork {
 public:
  virtual ~RecordedWork() = default;
  /// Queues the work: the same operations on the same memory, whose values may be others.
  virtual void replay() = 0;
};

/// Used by one thread: what libraries find out about a shape (cuDNN's algorithms) belongs to a thread.
class WorkRecorder {
 public:
  virtual ~WorkRecorder() = default;
  /// Runs `work` under the circumstances in which it will be recorded.
  virtual void run(const std::function<void()>& work) = 0;
  /// Records `work`, which runs on the CPU only: nothing is computed before the first replay. Throws where
  /// it cannot be recorded. What `work` refers to must live as long as what is returned.
  virtual std::unique_ptr<RecordedWork> record(const std::function<void()>& work) = 0;
};

/// Records nothing and does the work anew at every replay: shows on any device that a step depends on
/// nothing but its memory.
class Rehearsal final : public WorkRecorder {
 public:
  void run(const std::function<void()>& work) override { work(); }

  std::unique_ptr<RecordedWork> record(const std::function<void()>& work) override {
    return std::make_unique<Again>(work);
  }

 private:
  struct Again final : RecordedWork {
    explicit Again(std::function<void()> again) : work(std::move(again)) {}
    void replay() override { work(); }
    const std::function<void()> work;
  };
};

}  // namespace simclr
