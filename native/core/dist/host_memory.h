// Memory that the ranks of one machine share, and meetings in it. On one machine it takes the place of
// sockets, which copy every byte four times and keep threads of their own busy on the cores that compute.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace simclr {

/// Not thread-safe. All ranks call the same methods in the same order. A rank that dies leaves the others
/// waiting, who look after it: what it has shared is never taken for whole before it has arrived.
class HostMemory {
 public:
  /// Called now and then while `rank` is waited for, since `start`; throws to give up. `gone`: its process
  /// has ended.
  using Look = std::function<void(int rank, bool gone, std::chrono::steady_clock::time_point start)>;
  /// Every rank's text, in the order of ranks.
  using Exchange = std::function<std::vector<std::string>(const std::string&)>;

  /// Null, on all ranks, unless every one can have it: they must be on one machine and see one /dev/shm.
  static std::unique_ptr<HostMemory> open(int rank, int size, const Exchange& exchange);
  ~HostMemory();

  /// Room for `bytes`, zeros at first and the same memory on every rank; null, on all, where there is too
  /// little. It lives as long as the pointer.
  std::shared_ptr<std::byte> allocate(int64_t bytes, const Look& look);

  /// Returns when every rank has called it: what they wrote before is seen after.
  void meet(const Look& look);

  /// Every rank's `bytes` from `value`, one after the other into `out`.
  void all_gather(const void* value, int64_t bytes, void* out, const Look& look);

 private:
  struct Arrival;
  HostMemory(int rank, int size, int file);
  bool is_gone(int rank) const;
  std::byte* desk(int rank, uint32_t round) const;
  std::shared_ptr<std::byte> map(int64_t offset, int64_t bytes) const;

  const int rank_, size_, file_;
  int64_t end_ = 0;     // of what has been given away
  uint32_t round_ = 0;  // meetings so far
  std::shared_ptr<std::byte> base_;
};

}  // namespace simclr
