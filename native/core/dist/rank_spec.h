// Where a process stands among the processes of a run.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace simclr {

struct RankSpec {
  int rank = 0;
  int size = 1;
  int local_size = 1;              ///< ranks on this machine
  std::string host = "127.0.0.1";  ///< of the store through which ranks find each other
  uint16_t port = 29500;
  bool serves_store = false;     ///< this process runs the store (rank 0, unless a launcher does)
  int store_socket = -1;         ///< ... on this one, which listens there already; -1: it opens one
  bool store_outlives = false;   ///< ... which keeps it over restarts of the ranks
  std::string generation = "0";  ///< keys of another run at the same store are not this one's
  std::chrono::milliseconds timeout{600'000};  ///< for others to appear and for any collective
};

}  // namespace simclr
