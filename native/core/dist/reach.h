// Which ranks cannot be reached over the network: for the error of one that finds no connection.
#pragma once

#include <string>
#include <vector>

namespace simclr {

/// A socket that listens where Gloo does, so that others can try whether they reach this machine there.
class Doorbell {
 public:
  /// `loopback`: all ranks are on this machine.
  explicit Doorbell(bool loopback);
  ~Doorbell();
  Doorbell(const Doorbell&) = delete;
  Doorbell& operator=(const Doorbell&) = delete;

  /// IP and port; empty where no socket can be had.
  const std::string& address() const { return address_; }

 private:
  int socket_ = -1;
  std::string address_;
};

/// The ranks that `own` does not reach at their doorbells, and why: "rank 2 at 10.0.0.7 (no answer)". Where
/// it reaches all, "another rank", after a while in which one that cannot may speak first.
std::string name_unreachable(const std::vector<std::string>& doorbells, int own);

}  // namespace simclr
