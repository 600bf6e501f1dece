#include "core/image/pixels.h"

#include <map>
#include <mutex>

namespace simclr {
namespace {

/// Smaller pieces are malloc's affair: it keeps them at hand itself.
constexpr size_t kSmall = 1 << 17;
/// Sizes are multiples of this, so that images of nearly the same size can follow one another.
constexpr size_t kGrain = 1 << 16;
/// Most bytes that lie ready: a few hundred photographs, which is what a batch gives back at once.
constexpr size_t kMostSpare = size_t{256} << 20;

struct Spare {
  std::mutex mutex;
  std::multimap<size_t, std::unique_ptr<uint8_t[]>> pieces;  ///< by size
  size_t bytes = 0;
};

/// Never destroyed: threads may give memory back until the very end.
Spare& spare() {
  static auto* spare = new Spare();
  return *spare;
}

/// A piece of at least so many bytes and at most a quarter more; null if there is none.
PixelMemory take_spare(size_t bytes) {
  Spare& spare = simclr::spare();
  const std::lock_guard lock(spare.mutex);
  const auto found = spare.pieces.lower_bound(bytes);
  if (found == spare.pieces.end() || found->first > bytes + bytes / 4) return nullptr;
  PixelMemory memory(found->second.release(), {found->first});
  spare.bytes -= found->first;
  spare.pieces.erase(found);
  return memory;
}

}  // namespace

PixelMemory pixel_memory(size_t bytes) {
  if (bytes < kSmall) return {new uint8_t[bytes], {bytes}};
  const size_t capacity = (bytes + kGrain - 1) / kGrain * kGrain;
  if (PixelMemory memory = take_spare(capacity)) return memory;
  return {new uint8_t[capacity], {capacity}};
}

void PixelReturn::operator()(uint8_t* data) const {
  std::unique_ptr<uint8_t[]> piece(data);
  if (capacity < kSmall) return;
  Spare& spare = simclr::spare();
  const std::lock_guard lock(spare.mutex);
  if (spare.bytes + capacity > kMostSpare) return;
  spare.pieces.emplace(capacity, std::move(piece));
  spare.bytes += capacity;
}

void release_spare_pixel_memory() {
  decltype(Spare::pieces) pieces;
  Spare& spare = simclr::spare();
  const std::lock_guard lock(spare.mutex);
  pieces.swap(spare.pieces);
  spare.bytes = 0;
}

}  // namespace simclr
