// Pages of memory kept for whoever asks for that many next.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <utility>

namespace simclr {

constexpr size_t kPage = size_t{4} << 10;

/// Whole pages from the system, huge ones where it has them; null if there are none. `bytes` is a multiple of
/// kPage.
char* map_pages(size_t bytes);

/// Pages from map_pages() that nobody uses. Neighbours become one stretch, wherever they were mapped: the
/// system takes back any pages. Not for several threads at once.
class KeptPages {
 public:
  KeptPages() = default;
  KeptPages(const KeptPages&) = delete;
  KeptPages& operator=(const KeptPages&) = delete;
  ~KeptPages() { shrink_to(0); }

  size_t bytes() const { return bytes_; }

  /// `bytes` is a multiple of kPage, here and below.
  void put(char* base, size_t bytes);

  /// From the smallest stretch that has so many; null if none does.
  char* take(size_t bytes);

  /// Gives pages back to the system until no more than `most` bytes are left; small stretches first, which
  /// serve the fewest requests.
  void shrink_to(size_t most);

 private:
  using ByAddress = std::map<char*, size_t>;

  /// Notes pages that `bytes_` counts.
  void insert(char* base, size_t bytes);
  ByAddress::iterator erase(ByAddress::iterator stretch);

  ByAddress by_address_;
  std::set<std::pair<size_t, char*>> by_size_;
  size_t bytes_ = 0;
};

}  // namespace simclr
