#include "core/data/image_store.h"

#include <cstring>
#include <string>
#include <utility>

#include "core/error.h"

namespace simclr {
namespace {

/// Pixels without the fourth channel of each.
void drop_alpha(const uint8_t* in, int pixels, uint8_t* out) {
  for (int x = 0; x < pixels; ++x) {
    out[3 * x] = in[4 * x];
    out[3 * x + 1] = in[4 * x + 1];
    out[3 * x + 2] = in[4 * x + 2];
  }
}

}  // namespace

size_t ImageStore::checked(size_t index) const {
  if (index >= slots_.size()) {
    throw Error("ERR_SIMCLR_INVALID_ARGUMENT", "Expected an index below " + std::to_string(slots_.size()) +
                                                   " for `index` but received " + std::to_string(index) +
                                                   ".");
  }
  return index;
}

void ImageStore::set(size_t index, const ImageView& image) {
  Slot& slot = slots_[checked(index)];
  if (image.width < 1 || image.height < 1) {
    throw Error("ERR_SIMCLR_INVALID_ARGUMENT", "Expected an image of at least 1x1 pixels but received " +
                                                   std::to_string(image.width) + "x" +
                                                   std::to_string(image.height) + ".");
  }
  if (image.channels != 1 && image.channels != 3 && image.channels != 4) {
    throw Error("ERR_SIMCLR_INVALID_ARGUMENT",
                "Expected 1, 3 or 4 for `channels` but received " + std::to_string(image.channels) + ".");
  }
  Slot fresh{nullptr, image.width, image.height, image.channels == 1 ? 1 : 3};
  fresh.pixels = std::make_unique_for_overwrite<uint8_t[]>(fresh.bytes());
  const size_t row_bytes = static_cast<size_t>(fresh.width) * fresh.channels;
  for (int y = 0; y < image.height; ++y) {
    const uint8_t* in = image.data + y * image.stride;
    uint8_t* out = fresh.pixels.get() + y * row_bytes;
    if (image.channels == 4) {
      drop_alpha(in, image.width, out);
    } else {
      std::memcpy(out, in, row_bytes);
    }
  }
  bytes_ += fresh.bytes() - slot.bytes();  // modulo 2^64, so a smaller image counts down
  slot = std::move(fresh);
}

ImageView ImageStore::at(size_t index) const {
  const Slot& slot = slots_[checked(index)];
  if (slot.pixels == nullptr) {
    throw Error("ERR_SIMCLR_INVALID_ARGUMENT", "Expected an image in slot " + std::to_string(index) +
                                                   " but it is empty. Set it before it is read.");
  }
  return {slot.pixels.get(), slot.width, slot.height, slot.channels,
          static_cast<int64_t>(slot.width) * slot.channels};
}

void ImageStore::remove(size_t index) {
  Slot& slot = slots_[checked(index)];
  bytes_ -= slot.bytes();
  slot = Slot{};
}

}  // namespace simclr
