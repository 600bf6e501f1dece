// The one thing of EXIF that changes pixels: which way is up.
#pragma once

#include <cstdint>
#include <span>

namespace simclr {

/// Orientation (1-8; 1: upright) that an APP1 segment's payload tells; 1 where it is not EXIF or does not
/// tell, 0 where it is EXIF that cannot be read. EXIF 2.32, 4.5 and 4.6.4 A: a TIFF header and the tags of
/// the first directory.
int exif_orientation(std::span<const uint8_t> segment);

}  // namespace simclr
