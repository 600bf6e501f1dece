#include "core/machine/kept_pages.h"

#include <sys/mman.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <new>

namespace simclr {
namespace {

constexpr size_t kHugePage = size_t{2} << 20;

}  // namespace

char* map_pages(size_t bytes) {
  const bool huge = bytes >= 2 * kHugePage;
  const size_t mapped = huge ? bytes + kHugePage : bytes;
  void* base = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (base == MAP_FAILED) return nullptr;
  if (huge) {
    // From one huge page's border to where the block ends; the rest is given back.
    const auto begin = reinterpret_cast<uintptr_t>(base);
    const uintptr_t border = (begin + kHugePage - 1) / kHugePage * kHugePage;
    if (border > begin) munmap(base, border - begin);
    if (begin + mapped > border + bytes)
      munmap(reinterpret_cast<void*>(border + bytes), begin + mapped - border - bytes);
    base = reinterpret_cast<void*>(border);
    madvise(base, bytes, MADV_HUGEPAGE);  // a wish: without it the pages are small
  }
  return static_cast<char*>(base);
}

void KeptPages::put(char* base, size_t bytes) {
  bytes_ += bytes;
  auto next = by_address_.lower_bound(base);
  if (next != by_address_.end() && next->first == base + bytes) {
    bytes += next->second;
    next = erase(next);
  }
  if (next != by_address_.begin()) {
    const auto before = std::prev(next);
    if (before->first + before->second == base) {
      base = before->first;
      bytes += before->second;
      erase(before);
    }
  }
  insert(base, bytes);
}

char* KeptPages::take(size_t bytes) {
  const auto found = by_size_.lower_bound({bytes, nullptr});
  if (found == by_size_.end()) return nullptr;
  const auto [size, base] = *found;
  erase(by_address_.find(base));
  if (size > bytes) insert(base + bytes, size - bytes);
  bytes_ -= bytes;
  return base;
}

void KeptPages::shrink_to(size_t most) {
  while (bytes_ > most) {
    const auto [size, base] = *by_size_.begin();
    const size_t cut = std::min(size, bytes_ - most);
    erase(by_address_.find(base));
    if (size > cut) insert(base, size - cut);
    munmap(base + size - cut, cut);
    bytes_ -= cut;
  }
}

void KeptPages::insert(char* base, size_t bytes) {
  try {
    by_address_.emplace(base, bytes);
    by_size_.emplace(bytes, base);
  } catch (const std::bad_alloc&) {  // no memory to note them in: back to the system
    by_address_.erase(base);
    munmap(base, bytes);
    bytes_ -= bytes;
  }
}

KeptPages::ByAddress::iterator KeptPages::erase(ByAddress::iterator stretch) {
  by_size_.erase({stretch->second, stretch->first});
  return by_address_.erase(stretch);
}

}  // namespace simclr
