#include "core/data/image_store.h"

#include <cstring>
#include <string>
#include <utility>

#include "core/data/crc32.h"
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

ImageStore::~ImageStore() {
  slots_.clear();
  release_spare_pixel_memory();
}

size_t ImageStore::checked(size_t index) const {
  if (index >= slots_.size()) {
    throw Error("ERR_SIMCLR_INVALID_ARGUMENT", "Expected an index below " + std::to_string(slots_.size()) +
                                                   " for `index` but received " + std::to_string(index) +
                                                   ".");
  }
  return index;
}

void ImageStore::set(size_t index, const ImageView& image) {
  checked(index);
  if (image.width < 1 || image.height < 1) {
    throw Error("ERR_SIMCLR_INVALID_ARGUMENT", "Expected an image of at least 1x1 pixels but received " +
                                                   std::to_string(image.width) + "x" +
                                                   std::to_string(image.height) + ".");
  }
  if (image.channels != 1 && image.channels != 3 && image.channels != 4) {
    throw Error("ERR_SIMCLR_INVALID_ARGUMENT",
                "Expected 1, 3 or 4 for `channels` but received " + std::to_string(image.channels) + ".");
  }
  Pixels pixels = make_pixels(image.width, image.height, image.channels == 1 ? 1 : 3);
  const size_t row_bytes = static_cast<size_t>(pixels.width) * pixels.channels;
  for (int y = 0; y < image.height; ++y) {
    const uint8_t* in = image.data + y * image.stride;
    uint8_t* out = pixels.data.get() + y * row_bytes;
    if (image.channels == 4) {
      drop_alpha(in, image.width, out);
    } else {
      std::memcpy(out, in, row_bytes);
    }
  }
  adopt(index, std::move(pixels));
}

void ImageStore::adopt(size_t index, Pixels pixels) {
  Slot& slot = slots_[checked(index)];
  Slot fresh{pixels.data.get(), std::move(pixels.data), {pixels.width, pixels.height, pixels.channels}};
  bytes_ += fresh.owned_bytes() - slot.owned_bytes();  // modulo 2^64, so a smaller image counts down
  slot = std::move(fresh);
  ++version_;
}

void ImageStore::map(std::shared_ptr<const MappedFile> file, const std::vector<MappedImage>& images) {
  if (images.size() > slots_.size() || mapping_.file) {
    throw Error("ERR_SIMCLR_INVALID_ARGUMENT", "Expected at most " + std::to_string(slots_.size()) +
                                                   " images, once, but received " +
                                                   std::to_string(images.size()) + ".");
  }
  std::vector<Slot> slots;
  std::vector<uint32_t> checksums;
  for (const MappedImage& image : images) {
    Slot slot{nullptr, nullptr, {image.width, image.height, image.channels}};
    const bool sane = image.width > 0 && image.height > 0 && (image.channels == 1 || image.channels == 3);
    if (!sane || image.offset > file->size() || slot.shape.bytes() > file->size() - image.offset) {
      throw Error("ERR_SIMCLR_CORRUPT_FILE", file->name() + ": image " + std::to_string(slots.size()) +
                                                 " does not lie inside the file.");
    }
    slot.pixels = file->data() + image.offset;
    slots.push_back(std::move(slot));
    checksums.push_back(image.checksum);
  }
  // All or none.
  mapping_ = {std::move(file), std::move(checksums),
              std::make_unique<std::atomic<uint32_t>[]>(images.size())};
  for (size_t i = 0; i < slots.size(); ++i) {
    bytes_ -= slots_[i].owned_bytes();
    slots_[i] = std::move(slots[i]);
  }
  ++version_;
}

void ImageStore::check_mapped(size_t index) const {
  std::atomic<uint32_t>& intact = mapping_.intact[index];
  const uint32_t version = mapping_.file->version();
  if (intact.load(std::memory_order_relaxed) == version) return;
  const Slot& slot = slots_[index];
  const uint32_t checksum = crc32(slot.pixels, slot.shape.bytes());
  mapping_.file->require_whole();
  if (checksum != mapping_.checksums[index]) {
    throw Error("ERR_SIMCLR_CORRUPT_FILE", mapping_.file->name() + ": image " + std::to_string(index) +
                                               " is damaged (wrong checksum). Make the file anew.");
  }
  intact.store(version, std::memory_order_relaxed);
}

ImageView ImageStore::view(size_t index) const {
  const Slot& slot = slots_[checked(index)];
  if (slot.pixels == nullptr) {
    throw Error("ERR_SIMCLR_INVALID_ARGUMENT", "Expected an image in slot " + std::to_string(index) +
                                                   " but it is empty. Set it before it is read.");
  }
  if (!slot.owned) check_mapped(index);
  const Shape& shape = slot.shape;
  return {slot.pixels, shape.width, shape.height, shape.channels,
          static_cast<int64_t>(shape.width) * shape.channels};
}

void ImageStore::remove(size_t index) {
  Slot& slot = slots_[checked(index)];
  bytes_ -= slot.owned_bytes();
  slot = Slot{};
  ++version_;
}

}  // namespace simclr
