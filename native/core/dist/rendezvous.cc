#include "core/dist/rendezvous.h"

#include <algorithm>
#include <chrono>
#include <thread>

#include "core/dist/store.h"
#include "core/error.h"

namespace simclr {
namespace {

using Clock = std::chrono::steady_clock;

constexpr char kNewest[] = "round";
constexpr char kMet[] = "met";  // rank 0 has seen all of them: it lives, and so this is no round of the past

void pause() { std::this_thread::sleep_for(std::chrono::milliseconds(20)); }

std::string here(int rank) { return "here/" + std::to_string(rank); }

[[noreturn]] void throw_missing(const RankSpec& spec, const std::vector<int>& missing) {
  throw Error("ERR_SIMCLR_RANK",
              "Expected " + std::to_string(spec.size) + " ranks but " + name_ranks(missing) +
                  " did not appear within " + in_seconds(spec.timeout) +
                  ". Start all of them with the same WORLD_SIZE, MASTER_ADDR and MASTER_PORT.");
}

}  // namespace

RankSpec in_round(const RankSpec& spec, int64_t round) {
  RankSpec own = spec;
  own.generation.append("/").append(std::to_string(round));  // GCC 12 warns of operator+ here
  return own;
}

c10::intrusive_ptr<c10d::Store> in_round(const c10::intrusive_ptr<c10d::Store>& store, int64_t round) {
  return c10::make_intrusive<c10d::PrefixStore>(std::to_string(round), store);
}

int64_t take_place(c10d::Store& store, const RankSpec& spec, int64_t after, const std::atomic<bool>& left) {
  const auto take = [&](int64_t round) {
    return store.add(std::to_string(round) + "/taken/" + std::to_string(spec.rank), 1) == 1;
  };
  if (!spec.store_outlives) {
    if (take(0)) return 0;
    throw Error("ERR_SIMCLR_RANK", "Expected no other rank " + std::to_string(spec.rank) + " at " +
                                       address(spec) +
                                       " but there is one already: of another run, or of this one started "
                                       "twice. Set MASTER_PORT to a port of its own for every run.");
  }
  if (spec.rank == 0) {
    const int64_t round = store.add(kNewest, 1);
    take(round);
    return round;
  }
  // In a round with an alarm somebody has failed: those who come now belong to the next.
  const auto until = Clock::now() + spec.timeout;
  while (!left && Clock::now() < until) {
    const int64_t round = store.add(kNewest, 0);
    if (round > after && !store.check({std::to_string(round) + "/alarm"}) && take(round)) return round;
    after = std::max(after, round);
    pause();
  }
  throw_missing(spec, {0});
}

std::optional<std::vector<std::string>> meet_in_round(const c10::intrusive_ptr<c10d::Store>& all,
                                                      const RankSpec& spec, int64_t round,
                                                      const std::string& hello,
                                                      const std::atomic<bool>& left) {
  const auto store = in_round(all, round);
  set_text(*store, here(spec.rank), hello);
  const auto until = Clock::now() + spec.timeout;
  std::vector<int> missing;
  for (;;) {
    const bool late = Clock::now() > until;
    const bool met = spec.rank != 0 && store->check({kMet});
    if (met) break;
    missing.clear();
    for (int rank = 0; rank < spec.size && (spec.rank == 0 || late); ++rank) {
      if (!store->check({here(rank)})) missing.push_back(rank);
    }
    if (spec.rank == 0 && missing.empty()) {
      set_text(*store, kMet, "");
      break;
    }
    if (spec.store_outlives && spec.rank != 0 && all->add(kNewest, 0) != round) return std::nullopt;
    if (missing.empty()) missing.push_back(0);  // it has not seen this one
    if (late || left) throw_missing(spec, missing);
    pause();
  }
  std::vector<std::string> hellos;
  for (int rank = 0; rank < spec.size; ++rank) hellos.push_back(get_text(*store, here(rank)));
  return hellos;
}

}  // namespace simclr
