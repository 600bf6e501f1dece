// The sockets in which Gloo computes.
#pragma once

#include <chrono>
#include <string>

#include "core/dist/c10d.h"
#include "core/dist/rank_spec.h"

namespace simclr {

bool is_loopback(const std::string& host);

/// Opens connections to all other ranks, which do the same; each may take `limit`. `name`: of their keys.
/// `loopback`: all ranks are on this machine. Collectives have no limit: whoever waits for them knows how
/// long.
c10::intrusive_ptr<c10d::Backend> connect_gloo(const c10::intrusive_ptr<c10d::Store>& store, const char* name,
                                               const RankSpec& spec, bool loopback,
                                               std::chrono::milliseconds limit);

/// Where connect_gloo listens, and how to change that: for errors.
std::string network_of(bool loopback);

}  // namespace simclr
