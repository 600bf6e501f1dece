// Decoded images by index in native memory.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/image/image_view.h"

namespace simclr {

/// `count` slots, each empty or one image of 1 or 3 interleaved 8-bit channels (alpha is dropped on the way
/// in). Writing one slot while others are read or written is safe; writing a slot that is being read is not.
class ImageStore {
 public:
  explicit ImageStore(size_t count) : slots_(count) {}

  size_t count() const { return slots_.size(); }
  /// Bytes of pixels held.
  size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  bool has(size_t index) const { return index < slots_.size() && slots_[index].pixels != nullptr; }

  /// Copies `image` (1, 3 or 4 channels) into a slot, replacing what was there. Throws
  /// ERR_SIMCLR_INVALID_ARGUMENT outside 0 .. count-1 and for an image without pixels.
  void set(size_t index, const ImageView& image);

  /// Throws ERR_SIMCLR_INVALID_ARGUMENT where the slot is empty.
  ImageView at(size_t index) const;

  /// Frees a slot; nothing happens where it is empty. Throws ERR_SIMCLR_INVALID_ARGUMENT outside 0 ..
  /// count-1.
  void remove(size_t index);

 private:
  struct Slot {
    std::unique_ptr<uint8_t[]> pixels;
    int width = 0;
    int height = 0;
    int channels = 0;

    size_t bytes() const { return static_cast<size_t>(width) * height * channels; }
  };
  /// The index, checked.
  size_t checked(size_t index) const;

  std::vector<Slot> slots_;
  std::atomic<size_t> bytes_ = 0;
};

}  // namespace simclr
