#include "core/random/epoch_order.h"

#include <numeric>
#include <utility>

#include "core/random/philox.h"

namespace simclr {

std::vector<uint32_t> epoch_order(uint64_t seed, uint32_t epoch, uint32_t count) {
  // Views are numbered from 0; the last number is kept for what belongs to no view.
  constexpr uint32_t kNoView = 0xFFFFFFFFu;
  std::vector<uint32_t> order(count);
  std::iota(order.begin(), order.end(), 0u);
  for (uint32_t i = count; i > 1; --i) {  // Fisher-Yates
    const RandomBlock draw = philox(seed, {epoch, i, kNoView, 0});
    std::swap(order[i - 1], order[below(draw.word[0], i)]);
  }
  return order;
}

}  // namespace simclr
