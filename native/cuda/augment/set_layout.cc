#include "cuda/augment/set_layout.h"

#include <algorithm>

namespace simclr::cuda {

std::optional<SetLayout> layout_of(const ImageStore& store, int64_t most) {
  SetLayout layout;
  for (size_t i = 0; i < store.count(); ++i) {
    const ImageStore::Shape shape = store.shape(i);
    layout.images.push_back({layout.bytes, shape.width, shape.height, shape.channels});
    layout.bytes += static_cast<int64_t>(shape.bytes());
    if (layout.bytes > most) return std::nullopt;
    layout.longest = std::max({layout.longest, shape.width, shape.height});
  }
  return layout;
}

}  // namespace simclr::cuda
