// A batch as a description: which images, which epoch, which augmentation. Views are made where they are
// consumed (by the learner's shards on a CPU), so that making views never competes with computing on them.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/augment/augmenter.h"
#include "core/data/image_store.h"

namespace simclr {

struct Batch {
  std::shared_ptr<const ImageStore> store;
  std::shared_ptr<const Augmenter> augmenter;
  std::vector<uint32_t> indices;
  std::vector<uint32_t> epochs;  ///< of each row
  std::vector<int64_t> labels;   ///< of each row, -1 = none; empty without labels
  uint64_t seed = 0;
  int views = 2;

  size_t count() const { return indices.size(); }

  /// Writes view `view` of row `row`: [size, size, 3] floats. Thread-safe.
  void write_view(int view, size_t row, float* out, const ViewPath& path = view_paths().front()) const {
    const ViewKey key{seed, epochs[row], indices[row], static_cast<uint32_t>(view)};
    store->read(indices[row], [&](const ImageView& image) { augmenter->view(image, key, out, path); });
  }

  /// Writes all of them: [views * count, size, size, 3], all first views first. `threads` (at least 1, the
  /// calling one among them) share the work; the result does not depend on their number.
  void write_views(float* out, int threads, const ViewPath& path = view_paths().front()) const;
};

}  // namespace simclr
