// Decoded images by index in native memory.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/data/mapped_file.h"
#include "core/image/image_view.h"
#include "core/image/pixels.h"

namespace simclr {

/// `count` slots, each empty or one image of 1 or 3 interleaved 8-bit channels (alpha is dropped on the way
/// in). Writing one slot while others are read or written is safe; writing a slot that is being read is not.
class ImageStore {
 public:
  /// All 0 of an empty slot.
  struct Shape {
    int width = 0;
    int height = 0;
    int channels = 0;

    size_t bytes() const { return static_cast<size_t>(width) * height * channels; }
  };

  /// Pixels inside a mapped file: rows without gaps, and their CRC-32.
  struct MappedImage {
    size_t offset = 0;
    int width = 0;
    int height = 0;
    int channels = 0;
    uint32_t checksum = 0;
  };

  /// `streamed`: images come and go while batches of others are made.
  explicit ImageStore(size_t count, bool streamed = false) : slots_(count), streamed_(streamed) {}
  ~ImageStore();

  size_t count() const { return slots_.size(); }
  bool streamed() const { return streamed_; }
  /// Bytes of pixels held; those in a mapped file are not.
  size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }
  /// Another number after every change: who keeps a copy elsewhere knows when it is stale.
  uint64_t version() const { return version_.load(std::memory_order_acquire); }
  bool has(size_t index) const { return index < slots_.size() && slots_[index].pixels != nullptr; }

  /// Of a slot's image, whose pixels are neither read nor checked. Throws ERR_SIMCLR_INVALID_ARGUMENT outside
  /// 0 .. count-1.
  Shape shape(size_t index) const { return slots_[checked(index)].shape; }

  /// Copies `image` (1, 3 or 4 channels) into a slot, replacing what was there. Throws
  /// ERR_SIMCLR_INVALID_ARGUMENT outside 0 .. count-1 and for an image without pixels.
  void set(size_t index, const ImageView& image);

  /// The same with pixels that need not be copied.
  void adopt(size_t index, Pixels pixels);

  /// Lets slots 0 .. images.size()-1 show pixels inside `file`, which are read when they are needed. Throws
  /// ERR_SIMCLR_INVALID_ARGUMENT for more images than slots and ERR_SIMCLR_CORRUPT_FILE for one that does not
  /// lie inside the file. Once only.
  void map(std::shared_ptr<const MappedFile> file, const std::vector<MappedImage>& images);

  /// Calls use(ImageView), whose pixels are there for so long. Throws ERR_SIMCLR_INVALID_ARGUMENT where the
  /// slot is empty, and ERR_SIMCLR_CORRUPT_FILE where a mapped image does not have its checksum, which is
  /// looked at when it is read for the first time and after its file was written to, or where its file has
  /// lost bytes while it was used: then `use` may have seen zeros in their place, and what it made must not
  /// be.
  template <class Use>
  void read(size_t index, Use&& use) const {
    use(view(index));
    if (!slots_[index].owned) mapping_.file->require_whole();
  }

  /// Frees a slot; nothing happens where it is empty. Throws ERR_SIMCLR_INVALID_ARGUMENT outside 0 ..
  /// count-1.
  void remove(size_t index);

 private:
  struct Slot {
    const uint8_t* pixels = nullptr;
    PixelMemory owned;  ///< where `pixels` are not in the mapped file
    Shape shape;

    size_t owned_bytes() const { return owned ? shape.bytes() : 0; }
  };
  struct Mapping {
    std::shared_ptr<const MappedFile> file;
    std::vector<uint32_t> checksums;
    /// The file's version for which each was found intact; 0: none.
    std::unique_ptr<std::atomic<uint32_t>[]> intact;
  };

  /// The index, checked.
  size_t checked(size_t index) const;
  ImageView view(size_t index) const;
  /// Throws ERR_SIMCLR_CORRUPT_FILE.
  void check_mapped(size_t index) const;

  std::vector<Slot> slots_;
  const bool streamed_;
  std::atomic<size_t> bytes_ = 0;
  std::atomic<uint64_t> version_ = 0;
  Mapping mapping_;
};

}  // namespace simclr
