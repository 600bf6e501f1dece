// Kept pages: nothing is lent twice, neighbours are joined, what is given back is gone. Under sanitizers.
#include "core/machine/kept_pages.h"

#include <sys/mman.h>

#include <algorithm>

#include "testing.h"

using namespace simclr;

namespace {

/// In the process's address space?
bool mapped(char* page) {
  unsigned char in_memory;
  return mincore(page, kPage, &in_memory) == 0;
}

void splits_and_joins() {
  KeptPages kept;
  char* base = map_pages(8 * kPage);
  kept.put(base, 8 * kPage);
  EXPECT(kept.take(9 * kPage) == nullptr);
  char* a = kept.take(3 * kPage);
  char* b = kept.take(3 * kPage);
  EXPECT(a == base && b == base + 3 * kPage && kept.bytes() == 2 * kPage);
  EXPECT(kept.take(3 * kPage) == nullptr);
  kept.put(a, 3 * kPage);
  EXPECT(kept.take(5 * kPage) == nullptr);  // 3 and 2, with b between them
  kept.put(b, 3 * kPage);
  EXPECT(kept.bytes() == 8 * kPage && kept.take(8 * kPage) == base);
  kept.put(base, 8 * kPage);
}

void takes_the_smallest_that_is_enough() {
  KeptPages kept;
  char* base = map_pages(16 * kPage);
  char* const small = base + 8 * kPage;  // 7 pages, 3 pages, 4 pages, each with a used page behind it
  kept.put(base, 7 * kPage);
  kept.put(small, 3 * kPage);
  kept.put(base + 12 * kPage, 4 * kPage);
  EXPECT(kept.take(3 * kPage) == small);
  EXPECT(kept.take(3 * kPage) == base + 12 * kPage);
  EXPECT(kept.take(3 * kPage) == base);
  EXPECT(kept.bytes() == 5 * kPage);
  munmap(base, 3 * kPage), munmap(small, 3 * kPage), munmap(base + 12 * kPage, 3 * kPage);
  munmap(base + 7 * kPage, kPage), munmap(base + 11 * kPage, kPage);
}

void gives_back_small_stretches_first() {
  KeptPages kept;
  char* base = map_pages(10 * kPage);
  kept.put(base, 6 * kPage);
  kept.put(base + 7 * kPage, 2 * kPage);
  kept.shrink_to(5 * kPage);
  EXPECT(kept.bytes() == 5 * kPage);
  EXPECT(!mapped(base + 7 * kPage) && !mapped(base + 8 * kPage) && !mapped(base + 5 * kPage));
  EXPECT(mapped(base) && mapped(base + 4 * kPage) && mapped(base + 6 * kPage) && mapped(base + 9 * kPage));
  EXPECT(kept.take(5 * kPage) == base);
  kept.put(base, 5 * kPage);
  kept.shrink_to(0);
  EXPECT(kept.bytes() == 0 && !mapped(base));
  munmap(base + 6 * kPage, kPage), munmap(base + 9 * kPage, kPage);
}

/// Blocks of random sizes, taken and put in random order, each full of a number of its own.
void nothing_is_lent_twice() {
  struct Block {
    char* base;
    size_t bytes;
    int64_t number;
  };
  KeptPages kept;
  std::vector<Block> lent;
  const std::vector<float> random = testing::numbers(20'000, 3);
  size_t most = 0, used = 0, mappings = 0;
  for (size_t turn = 0; turn + 1 < random.size(); turn += 2) {
    const double share = (random[turn] + 1) / 2;
    if (random[turn + 1] < (lent.size() < 40 ? 0.5f : -0.5f)) {
      const size_t bytes = (1 + static_cast<size_t>(share * share * 2000)) * kPage;
      char* base = kept.take(bytes);
      if (base == nullptr) {
        kept.shrink_to(std::max(most, used + bytes) - used - bytes);
        base = map_pages(bytes);
        ++mappings;
      }
      EXPECT(base != nullptr);
      const auto number = static_cast<int64_t>(turn);
      for (size_t at = 0; at < bytes; at += kPage) *reinterpret_cast<int64_t*>(base + at) = number;
      lent.push_back({base, bytes, number});
      used += bytes;
      most = std::max(most, used);
    } else if (!lent.empty()) {
      const size_t at = static_cast<size_t>(share * static_cast<double>(lent.size() - 1));
      const Block block = lent[at];
      for (size_t page = 0; page < block.bytes; page += kPage)
        EXPECT(*reinterpret_cast<int64_t*>(block.base + page) == block.number);
      kept.put(block.base, block.bytes);
      used -= block.bytes;
      lent.erase(lent.begin() + static_cast<int64_t>(at));
    }
    EXPECT(used + kept.bytes() <= most);
  }
  EXPECT(mappings > 10 && mappings < random.size() / 8);
  for (const Block& block : lent) kept.put(block.base, block.bytes);
  EXPECT(kept.bytes() <= most);
}

}  // namespace

int main() {
  splits_and_joins();
  takes_the_smallest_that_is_enough();
  gives_back_small_stretches_first();
  nothing_is_lent_twice();
  std::puts("ok");
}
