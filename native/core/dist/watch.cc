#include "core/dist/watch.h"

#include <vector>

#include "core/error.h"

namespace simclr {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kLookEvery{200};
constexpr milliseconds kRollCall{3000};  // for ranks to answer: their watches look every 200 ms
constexpr milliseconds kVerdict{6000};   // for this rank's watch to hear from the store at all
constexpr milliseconds kLookClosely{25};

constexpr char kAlarm[] = "alarm";
constexpr char kBeats[] = "beats";  // counts up while somebody is at work
std::string key(const char* what, int rank) { return std::string(what) + "/" + std::to_string(rank); }

/// What is said of an alarm in the end.
struct Verdict {
  const char* code;
  std::string text;
};

}  // namespace

struct Watch::State {
  State(const RankSpec& s, std::shared_ptr<Patience> p) : spec(s), patience(std::move(p)) {}

  const RankSpec spec;
  const std::shared_ptr<Patience> patience;
  c10::intrusive_ptr<c10d::Store> store;  // the thread's alone
  mutable std::mutex mutex;
  std::condition_variable changed;
  std::string activity = "starting";
  std::string cause;      // what this rank noticed
  std::string announced;  // why this rank ends
  bool is_stop = false;   // ... because it was asked to
  bool at_work = false;
  bool alarmed = false;
  bool closing = false;
  bool ended = false;
  std::atomic<bool> given_up = false;
  std::optional<Verdict> verdict;
  std::function<void()> wake;

  // The thread's alone.
  std::optional<Verdict> heard;  // why others end
  int64_t beats = 0;             // of those at work, when last looked at

  /// Sleeps, or less if something is up.
  void pause(milliseconds time) {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, time, [&] { return closing || alarmed; });
  }

  void raise() {
    std::function<void()> call;
    {
      std::lock_guard lock(mutex);
      alarmed = true;
      changed.notify_all();
      call = wake;
    }
    if (call) call();
  }

  void conclude(const Verdict& found) {
    std::lock_guard lock(mutex);
    if (!verdict) verdict = found;
    changed.notify_all();
  }

  void keep_company();
  void roll_call();
  void hear_ends();
};

/// Whoever is at work counts up, and who sees that waits on. One that is at work itself does not: so there
/// are never only such that wait for one another.
void Watch::State::keep_company() {
  bool works;
  {
    std::lock_guard lock(mutex);
    works = at_work;
  }
  const int64_t count = store->add(kBeats, works ? 1 : 0);
  if (!works && count != beats) patience->renew();
  beats = count;
}

/// The store goes with the process that serves it, which may be one of those that end.
void Watch::State::hear_ends() {
  std::string failures, stops;
  for (int rank = 0; rank < spec.size; ++rank) {
    if (rank == spec.rank || !store->check({key("ended", rank)})) continue;
    const bool stopped = store->check({key("stopped", rank)});
    std::string& text = stopped ? stops : failures;
    if (!text.empty()) text += " ";
    text += "Rank " + std::to_string(rank) + (stopped ? " has stopped: " : " failed: ") +
            get_text(*store, key("ended", rank));
  }
  if (!failures.empty())
    heard = Verdict{"ERR_SIMCLR_RANK", failures};
  else if (!stops.empty())
    heard = Verdict{"ERR_SIMCLR_ABORTED", stops};
}

/// Answers, waits for the others' answers, and says who is to blame.
void Watch::State::roll_call() {
  std::string own_cause, own_activity, own_end;
  bool own_stop;
  {
    std::lock_guard lock(mutex);
    own_cause = cause;
    own_activity = activity;
    own_end = announced;
    own_stop = is_stop;
  }
  if (own_stop) set_text(*store, key("stopped", spec.rank), "");
  if (!own_end.empty()) set_text(*store, key("ended", spec.rank), own_end);
  set_text(*store, key("answer", spec.rank), own_activity);
  if (!store->check({kAlarm})) {
    const std::string noticed = own_end.empty() ? own_cause : "it ends";
    set_text(*store, kAlarm, "rank " + std::to_string(spec.rank) + ": " + noticed);
  }

  std::vector<int> silent;
  const auto until = Clock::now() + kRollCall;
  do {
    hear_ends();
    silent.clear();
    for (int rank = 0; rank < spec.size; ++rank) {
      if (!store->check({key("answer", rank)}) && !store->check({key("closed", rank)}))
        silent.push_back(rank);
    }
    if (!silent.empty()) std::this_thread::sleep_for(kLookClosely);
  } while (!silent.empty() && Clock::now() < until);
  hear_ends();
  if (heard) return conclude(*heard);
  const std::string alarm = get_text(*store, kAlarm);
  if (!silent.empty()) {
    return conclude({"ERR_SIMCLR_RANK", "Expected all " + std::to_string(spec.size) + " ranks but " +
                                            name_ranks(silent) + " did not answer within " +
                                            in_seconds(kRollCall) +
                                            ": killed, stopped or cut off (noticed by " + alarm + ")."});
  }
  std::string text = "All ranks answer but the batch does not go on (noticed by " + alarm + "). They are at:";
  for (int rank = 0; rank < spec.size; ++rank) {
    if (!store->check({key("answer", rank)})) continue;
    text += " rank " + std::to_string(rank) + " " + get_text(*store, key("answer", rank)) + ";";
  }
  text.back() = '.';
  conclude({"ERR_SIMCLR_RANK", text});
}

Watch::Watch(const RankSpec& spec, std::shared_ptr<Patience> patience)
    : spec_(spec), state_(std::make_shared<State>(spec, std::move(patience))) {
  std::thread(run, state_).detach();
}

Watch::~Watch() { close(); }

void Watch::run(std::shared_ptr<State> state) {
  try {
    state->store = open_store(state->spec, /*serve=*/false, state->given_up);
    for (;;) {
      bool alarmed;
      {
        std::lock_guard lock(state->mutex);
        alarmed = state->alarmed;
        if (state->closing && !alarmed) break;
      }
      if (alarmed || state->store->check({kAlarm})) {
        state->raise();
        state->roll_call();
        break;
      }
      state->keep_company();
      state->pause(kLookEvery);
    }
    set_text(*state->store, key("closed", state->spec.rank), "");
  } catch (const std::exception&) {
    // The store's process is gone, and with it every connection.
    const std::string gone =
        "Rank 0's store at " + address(state->spec) +
        " is gone: rank 0, or the launcher that serves the store, was killed or cut off.";
    state->conclude(state->heard.value_or(Verdict{"ERR_SIMCLR_RANK", gone}));
    state->raise();
  }
  std::lock_guard lock(state->mutex);
  state->ended = true;
  state->changed.notify_all();
}

void Watch::set_activity(const std::string& activity) {
  std::lock_guard lock(state_->mutex);
  state_->activity = activity;
}

void Watch::set_at_work(bool at_work) {
  std::lock_guard lock(state_->mutex);
  state_->at_work = at_work;
}

void Watch::alarm(const std::string& cause) {
  {
    std::lock_guard lock(state_->mutex);
    if (state_->cause.empty()) state_->cause = cause;
  }
  state_->raise();
}

void Watch::announce(const std::string& message, bool is_stop) {
  {
    std::lock_guard lock(state_->mutex);
    if (state_->closing || state_->ended) return;
    state_->announced = message;
    state_->is_stop = is_stop;
  }
  state_->raise();
  std::unique_lock lock(state_->mutex);
  state_->changed.wait_for(lock, kRollCall + kLookEvery, [&] { return state_->ended; });
}

void Watch::close() {
  std::unique_lock lock(state_->mutex);
  if (state_->closing) return;
  state_->closing = true;
  state_->given_up = true;
  state_->wake = nullptr;
  state_->changed.notify_all();
  state_->changed.wait_for(lock, milliseconds{1000}, [&] { return state_->ended; });
}

bool Watch::alarmed() const {
  std::lock_guard lock(state_->mutex);
  return state_->alarmed;
}

void Watch::rethrow() {
  std::unique_lock lock(state_->mutex);
  state_->changed.wait_for(lock, kVerdict, [&] { return state_->verdict.has_value(); });
  if (state_->verdict) throw Error(state_->verdict->code, state_->verdict->text);
  throw_silent_store(spec_, state_->cause);
}

void Watch::on_alarm(std::function<void()> wake) {
  std::lock_guard lock(state_->mutex);
  state_->wake = std::move(wake);
}

}  // namespace simclr
