// Who failed, and why: every rank watches the run's store on a thread and a connection of its own. The first
// rank to notice that something is wrong says so there; all that still live answer, so that the silent ones
// are known by name even to ranks that had nothing to do with them.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "core/dist/patience.h"
#include "core/dist/store.h"

namespace simclr {

class Watch {
 public:
  /// Opens its connection on its thread; that there is none becomes the verdict. Renews `patience` whenever
  /// another rank is seen at work.
  Watch(const RankSpec& spec, std::shared_ptr<Patience> patience);
  ~Watch();

  /// What this rank is at, e.g. "step 12: reading images": told to the others if they wait for it in vain.
  void set_activity(const std::string& activity);

  /// Whether this rank is at work that takes its time: then the others wait for it as long as it lives.
  void set_at_work(bool at_work);

  /// Something is wrong: the others are asked. `cause` is what this rank noticed. Does not wait.
  void alarm(const std::string& cause);

  /// This rank ends because of `message`, or because it was asked to stop: tells the others, and gives them
  /// a moment to hear it before the store may go with this process.
  void announce(const std::string& message, bool is_stop);

  /// This rank is done; nothing that happens to others matters any more.
  void close();

  /// Whether there has been an alarm, here or elsewhere.
  bool alarmed() const;

  /// After an alarm: waits for the verdict and throws it as ERR_SIMCLR_RANK, or as ERR_SIMCLR_ABORTED where
  /// all that ended had been asked to stop.
  [[noreturn]] void rethrow();

  /// Calls `wake` whenever an alarm is raised; once, before anything is waited for.
  void on_alarm(std::function<void()> wake);

 private:
  /// What the thread needs to live: it may outlast this object while a stopped store does not answer.
  struct State;
  static void run(std::shared_ptr<State> state);

  RankSpec spec_;
  std::shared_ptr<State> state_;
};

}  // namespace simclr
