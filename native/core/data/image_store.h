// Decoded images by index in native memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/image/image_view.h"

namespace simclr {

/// `count` slots, each empty or one image of 1 or 3 interleaved 8-bit channels (alpha is dropped on the way
/// in). Writing one slot while others are read is safe; writing a slot that is being read is not.
class ImageStore {
 public:
  explicit ImageStore(size_t count) : slots_(count) {}

  size_t count() const { return slots_.size(); }
  size_t bytes() const { return bytes_; }
  bool has(size_t index) const { return index < slots_.size() && slots_[index].pixels != nullptr; }

  /// Copies `image` (1, 3 or 4 channels) into a slot. Throws ERR_SIMCLR_INVALID_ARGUMENT outside 0 ..
  /// count-1.
  void set(size_t index, const ImageView& image);

  /// Throws ERR_SIMCLR_INVALID_ARGUMENT where the slot is empty.
  ImageView at(size_t index) const;

  void remove(size_t index);

 private:
  struct Slot {
    std::unique_ptr<uint8_t[]> pixels;
    int width = 0;
    int height = 0;
    int channels = 0;
  };
  std::vector<Slot> slots_;
  size_t bytes_ = 0;
};

}  // namespace simclr
