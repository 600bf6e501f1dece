// How the ranks of a run find each other in its store, which may be another run's or hold what an earlier
// attempt has left.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <vector>

#include "core/dist/c10d.h"
#include "core/dist/rank_spec.h"

namespace simclr {

/// The round, later than `after`, that this rank takes part in. A launcher's store outlives attempts, and its
/// agents do not count them alike: there rank 0 opens a round, and the others take their places in the
/// newest. Elsewhere all is one round. Throws ERR_SIMCLR_RANK where another process has this rank's place,
/// and where there is no round in time.
int64_t take_place(c10d::Store& store, const RankSpec& spec, int64_t after, const std::atomic<bool>& left);

/// The spec, and the store's part, of a round.
RankSpec in_round(const RankSpec& spec, int64_t round);
c10::intrusive_ptr<c10d::Store> in_round(const c10::intrusive_ptr<c10d::Store>& store, int64_t round);

/// Every rank's `hello`, in the order of ranks; nothing if there is a newer round. Throws ERR_SIMCLR_RANK
/// naming those that did not appear in time.
std::optional<std::vector<std::string>> meet_in_round(const c10::intrusive_ptr<c10d::Store>& store,
                                                      const RankSpec& spec, int64_t round,
                                                      const std::string& hello,
                                                      const std::atomic<bool>& left);

}  // namespace simclr
