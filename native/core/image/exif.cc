#include "core/image/exif.h"

#include <cstddef>
#include <cstring>

namespace simclr {
namespace {

constexpr char kSignature[6] = {'E', 'x', 'i', 'f', 0, 0};
constexpr uint32_t kOrientationTag = 0x0112;
constexpr uint32_t kShort = 3;

/// Numbers of a TIFF structure in its byte order; the caller has checked that they lie inside.
struct Tiff {
  std::span<const uint8_t> bytes;
  bool is_big_endian;

  uint32_t number(size_t at, int size) const {
    uint32_t value = 0;
    for (int i = 0; i < size; ++i) {
      const int shift = 8 * (is_big_endian ? size - 1 - i : i);
      value |= static_cast<uint32_t>(bytes[at + i]) << shift;
    }
    return value;
  }
};

}  // namespace

int exif_orientation(std::span<const uint8_t> segment) {
  if (segment.size() < sizeof kSignature || std::memcmp(segment.data(), kSignature, sizeof kSignature) != 0)
    return 1;
  const std::span<const uint8_t> bytes = segment.subspan(sizeof kSignature);
  if (bytes.size() < 8 || bytes[0] != bytes[1] || (bytes[0] != 'I' && bytes[0] != 'M')) return 0;
  const Tiff tiff{bytes, bytes[0] == 'M'};
  if (tiff.number(2, 2) != 42) return 0;
  const size_t directory = tiff.number(4, 4);
  if (directory > bytes.size() - 2) return 0;
  const size_t entries = tiff.number(directory, 2);
  if (directory + 2 + 12 * entries > bytes.size()) return 0;
  for (size_t i = 0; i < entries; ++i) {
    const size_t entry = directory + 2 + 12 * i;
    if (tiff.number(entry, 2) != kOrientationTag) continue;
    if (tiff.number(entry + 2, 2) != kShort || tiff.number(entry + 4, 4) != 1) return 0;
    const uint32_t orientation = tiff.number(entry + 8, 2);
    return orientation >= 1 && orientation <= 8 ? static_cast<int>(orientation) : 0;
  }
  return 1;
}

}  // namespace simclr
