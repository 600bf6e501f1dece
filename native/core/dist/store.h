// The store through which the ranks of a run find each other: c10d's TCPStore, with errors that say who is
// missing.
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <vector>

#include "core/dist/c10d.h"
#include "core/dist/patience.h"
#include "core/dist/rank_spec.h"
#include "core/error.h"

namespace simclr {

/// A connection of its own to the run's store; the first of the serving rank opens the port. Waits for the
/// store while `give_up` is false. Throws ERR_SIMCLR_RANK: port in use, nobody there; ERR_SIMCLR_ABORTED.
c10::intrusive_ptr<c10d::Store> open_store(const RankSpec& spec, bool serve,
                                           const std::atomic<bool>& give_up);

/// Where the store is: HOST:PORT.
std::string address(const RankSpec& spec);

/// The store's process does not answer. `noticed`: where this rank waited for it.
[[noreturn]] void throw_silent_store(const RankSpec& spec, const std::string& noticed);

/// What a rank that gives up waiting for the others throws.
[[noreturn]] void throw_aborted();

std::string get_text(c10d::Store& store, const std::string& key);
void set_text(c10d::Store& store, const std::string& key, const std::string& value);

/// Every rank's text, in the order of ranks, in `round`'s keys. Throws where one has sent nothing in time, or
/// once `left` is true.
std::vector<std::string> exchange_texts(c10d::Store& store, const RankSpec& spec, const std::string& round,
                                        const std::string& text, const Patience& patience,
                                        const std::atomic<bool>& left);

/// The same of an exception; c10's are not asked for their stacks, which take long to find.
std::string first_line(const std::exception& error);

/// "rank 1", "ranks 1 and 3", "ranks 1, 2 and 5".
std::string name_ranks(const std::vector<int>& ranks);

/// "3 s", "0.5 s".
std::string in_seconds(std::chrono::milliseconds time);

}  // namespace simclr
