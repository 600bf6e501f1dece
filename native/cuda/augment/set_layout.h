// Where the images of a set go in one block of memory. Plain C++: tested without a GPU.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/data/image_store.h"
#include "cuda/augment/view_kernels.h"

namespace simclr::cuda {

/// One image after another, rows without gaps.
struct SetLayout {
  std::vector<StoredImage> images;  ///< by index; of 0 x 0 pixels where the store has none
  int64_t bytes = 0;
  int longest = 0;  ///< side of all images

  bool has(uint32_t index) const { return index < images.size() && images[index].channels > 0; }
};

/// Of a store's images as they are now; nothing where they take more than `most` bytes. Reads no pixels:
/// those of a mapped file stay where they are.
std::optional<SetLayout> layout_of(const ImageStore& store, int64_t most);

}  // namespace simclr::cuda
