// When a training step runs as it is, when it is recorded and when it is replayed. Knows no LibTorch: tested
// with plain numbers (test/native/step_graphs_test.cc).
#pragma once

#include <algorithm>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/learn/memory_words.h"
#include "core/learn/work_recorder.h"

namespace simclr {

/// Everything that changes which operations a learner's step consists of, or their sizes.
struct StepShape {
  int64_t images;
  int64_t height, width;
  bool probe;  ///< the linear head learns
  bool operator==(const StepShape&) const = default;
};

/// Steps of a shape that run before one is recorded: in them cuDNN times its algorithms, libraries make
/// handles and workspaces and kernels are loaded, none of which can be recorded. They are steps like any
/// other.
constexpr int kWarmUpSteps = 3;
/// Recordings kept, each with a step's activations. Training's batches are full ones; a learner may be given
/// others.
constexpr int64_t kMostRecordings = 2;
/// Shapes whose steps are counted.
constexpr size_t kMostShapes = 16;

/// `Memory`: what a step works on, in and out; default-constructed when a shape needs one.
template <class Memory>
class StepGraphs {
 public:
  using Work = std::function<void(Memory&)>;

  struct Outcome {
    const Memory& memory;  ///< valid until the next step
    bool replayed;
    std::string problem;  ///< why nothing is recorded from here on, told once; empty: nothing is wrong
  };

  /// `must`: what cannot be recorded is an error, ERR_SIMCLR_NATIVE, or, where memory ran out, the error that
  /// said so; else steps go on as they are.
  StepGraphs(std::unique_ptr<WorkRecorder> recorder, bool must)
      : recorder_(std::move(recorder)), must_(must) {}

  /// Recording has failed: steps need not come here any more.
  bool gave_up() const { return recorder_ == nullptr; }

  /// One step. `fill` brings its inputs into the memory, where tensors that are there already must stay;
  /// `work` computes on it, and depends on nothing else that changes from step to step.
  Outcome run(const StepShape& shape, const Work& fill, const Work& work) {
    Known& known = look_up(shape);
    if (known.recorded == nullptr) known.memory = std::make_unique<Memory>();
    Memory& memory = *known.memory;
    fill(memory);
    const auto on_memory = [work, &memory] { work(memory); };
    std::string problem;
    if (recorder_ && known.recorded == nullptr && known.steps >= kWarmUpSteps)
      problem = record(known, on_memory);
    const bool replayed = known.recorded != nullptr;
    if (replayed) {
      known.recorded->replay();
    } else if (recorder_) {
      recorder_->run(on_memory);
    } else {
      on_memory();  // recording has failed: nothing has been computed yet
    }
    ++known.steps;
    return {memory, replayed, std::move(problem)};
  }

 private:
  struct Known {
    StepShape shape;
    int64_t steps = 0;
    std::unique_ptr<Memory> memory;  // before what uses it
    std::unique_ptr<RecordedWork> recorded;
  };

  static bool same_size(const StepShape& a, const StepShape& b) {
    return a.height == b.height && a.width == b.width;
  }

  /// The shape's entry, moved to the front.
  Known& look_up(const StepShape& shape) {
    auto found =
        std::find_if(known_.begin(), known_.end(), [&](const auto& known) { return known->shape == shape; });
    if (found == known_.end()) {
      // Views grow during a run (`resolution`) and do not shrink again: memory for both sizes is not there.
      std::erase_if(known_, [&](const auto& known) { return !same_size(known->shape, shape); });
      if (known_.size() == kMostShapes) known_.pop_back();
      known_.insert(known_.begin(), std::make_unique<Known>(Known{shape, 0, nullptr, nullptr}));
    } else {
      std::rotate(known_.begin(), found, found + 1);
    }
    return *known_.front();
  }

  /// Returns why it failed, or nothing.
  std::string record(Known& known, const std::function<void()>& work) {
    make_room();
    try {
      known.recorded = recorder_->record(work);
      return {};
    } catch (const std::exception& error) {
      const std::string cause = first_line(error.what());
      if (must_) {
        // Whoever asked for the step says during what memory ran out, and what to lower.
        if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr || says_no_memory(error.what())) throw;
        throw Error("ERR_SIMCLR_NATIVE", "The training step could not be recorded as a CUDA graph (" + cause +
                                             "). Leave `cudaGraph` at 'auto', or set it to false.");
      }
      for (const auto& other : known_) other->recorded.reset();
      recorder_.reset();
      return cause;
    }
  }

  /// Makes room for one more recording: all go. They share cuBLAS's workspace, which LibTorch 2.14 takes away
  /// with the first of them. A shape that comes back after that begins anew.
  void make_room() {
    const auto recorded = [](const auto& known) { return known->recorded != nullptr; };
    if (std::count_if(known_.begin(), known_.end(), recorded) < kMostRecordings) return;
    std::erase_if(known_, recorded);
  }

  std::unique_ptr<WorkRecorder> recorder_;  // null: recording has failed. Before what it has recorded
  const bool must_;
  std::vector<std::unique_ptr<Known>> known_;  // the latest first
};

}  // namespace simclr
