// The ranks of a run as c10d sees them: a store to find each other, Gloo to compute together (or, on one
// machine, memory that they share), and for tensors of a GPU what its kernels bring (NCCL). Every wait ends,
// with the result or with an error that names the rank and the cause.
#pragma once

#include <ATen/ATen.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/dist/backend.h"
#include "core/dist/rank_spec.h"

namespace simclr {

class HostMemory;
class Patience;
class Watch;

/// What has gone through a group so far.
struct Traffic {
  int64_t collectives = 0;
  int64_t bytes = 0;  ///< this rank's contributions
};

/// A collective under way. `value` is the result once ProcessGroup::wait returns.
struct Pending {
  struct Work;  // c10d's, whose headers are slow to compile
  std::shared_ptr<Work> work;
  at::Tensor value;
};

/// Not thread-safe but for `ask_to_stop`, `set_activity`, `set_at_work` and `reduce_async`, which has
/// connections of its own.
class ProcessGroup {
 public:
  explicit ProcessGroup(const RankSpec& spec);
  ~ProcessGroup();

  int rank() const { return spec_.rank; }
  int size() const { return spec_.size; }

  /// Finds the others. Returns every rank's `hello` in the order of ranks. Throws ERR_SIMCLR_RANK naming
  /// those that did not appear in time, and ERR_SIMCLR_ABORTED where it waits and is asked to stop. Call it
  /// once, before anything else. Returns in time even where the store is stopped, as `exchange` does.
  std::vector<std::string> join(const std::string& hello);

  /// Opens the connections that collectives use; after `join`. Throws ERR_SIMCLR_RANK naming those that
  /// cannot be reached, within a minute, and ERR_SIMCLR_ABORTED as `join` does.
  void connect();

  /// Every rank's text, in the order of ranks, through the store. Throws as `join`: who does not get to the
  /// first step has to be told by `announce`. Between steps being asked to stop ends nothing: the next step
  /// tells the others.
  std::vector<std::string> exchange(const std::string& text);

  /// [size, ...]: every rank's `value`, all of one shape.
  at::Tensor all_gather(const at::Tensor& value);

  /// Sum over ranks: the same bits on all of them.
  at::Tensor all_reduce_sum(const at::Tensor& value);

  /// Rank 0's value goes into everybody's `value`, in place.
  void broadcast(at::Tensor value);

  /// Whether ranks meet in memory instead of sockets, the same on all; after `connect`.
  bool shares_memory() const { return host_ != nullptr; }

  /// Bytes of memory that all ranks share, zeros at first; undefined, on all, where they are on several
  /// machines or there is too little.
  at::Tensor share_memory(int64_t bytes);

  /// Where memory is shared: returns when all ranks are `what`, and what they wrote before is seen after.
  /// Counts as a collective in which this rank has written `bytes`.
  void meet(const char* what, int64_t bytes = 0);

  /// Begins to add the ranks' `value`s up in place, on connections of its own: calls must have the same order
  /// on every rank, whatever other collectives run meanwhile.
  Pending reduce_async(at::Tensor value);
  /// For tensors of a GPU this queues the wait on its stream, and `settle` is where the thread waits.
  void wait(const Pending& pending, const char* what);

  /// Waits for all that `wait` has queued: before a result is read back, which would wait without an end.
  void settle();

  /// Tells the others why this rank ends; they throw ERR_SIMCLR_ABORTED where it is because it was asked to
  /// stop.
  void announce(const std::string& message, bool is_stop);

  void set_activity(const std::string& activity);

  /// Whether this rank is at work that takes its time, such as validation: then the others wait for it as
  /// long as it lives. After `join`.
  void set_at_work(bool at_work);

  /// Asks all ranks to stop after the step that is next agreed upon; before the first, ends this rank's
  /// waiting.
  void ask_to_stop() { stop_ = true; }
  bool asked_to_stop() const { return stop_; }
  /// From now on steps are what all stop after.
  void begin_step() { steps_ = true; }

  Traffic traffic() const { return {collectives_, bytes_}; }

  /// Returns when rank 0 has left, or is seen at work no longer: it writes what is left behind, and a
  /// launcher that sees another rank end may not wait for it.
  void outlast_first();

  /// Leaves in good order; nothing can be called afterwards.
  void close();

 private:
  /// `work` on a thread of its own, since it may never return; it must own what it uses. Given up at an
  /// alarm, when this rank is asked to stop before the first step, and when `look` throws.
  template <class Result>
  Result aside(std::function<Result(const std::atomic<bool>& left)> work, const std::function<void()>& look);

  /// `ask` aside, since a store may not answer. What goes wrong becomes the alarm's verdict where there is a
  /// watch already.
  template <class Result>
  Result asking_store(const char* what, std::function<Result(const std::atomic<bool>& left)> ask);
  void watch_over(const RankSpec& spec);
  void drop_watch();

  /// Starts a collective; what goes wrong at once becomes the alarm's verdict.
  template <class Start>
  Pending start(const at::Tensor& value, const char* what, const Start& begin);

  /// Looks after a rank that is waited for in memory.
  std::function<void(int, bool, std::chrono::steady_clock::time_point)> watching(const char* what);

  struct Wakeup;
  struct Channel;
  struct Connections;
  c10d::Backend& backend(Channel& channel, const at::Tensor& value, const char* name);
  RankSpec spec_;
  std::shared_ptr<Patience> patience_;
  std::shared_ptr<Wakeup> wakeup_;
  std::unique_ptr<Connections> connections_;
  std::unique_ptr<HostMemory> host_;  // null where ranks are on several machines
  std::unique_ptr<Watch> watch_;
  std::vector<Pending> unsettled_;
  int64_t exchanges_ = 0;
  std::atomic<bool> stop_ = false, steps_ = false;
  std::atomic<int64_t> collectives_ = 0, bytes_ = 0;
};

}  // namespace simclr
