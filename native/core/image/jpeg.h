// JPEG to pixels with libjpeg-turbo, where the addon is built with it: the fast way for ordinary photographs.
// What is in any way unusual or damaged is declined, and is for a decoder that knows all of the format.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "core/image/pixels.h"

namespace simclr {

/// What is decoded at all; all else is declined before memory is taken for its pixels.
struct JpegLimits {
  int64_t max_pixels = 100'000'000;
  /// 0: any.
  int max_shorter_side = 0;
};

/// Scans of a progressive file, each of which costs time while adding next to no bytes. Encoders write ten or
/// so.
inline constexpr int kJpegMaxScans = 64;

/// Version of libjpeg-turbo, null for a build without.
const char* jpeg_library();

/// The pixels of a baseline or progressive file of 8 bits, grey (1 channel) or YCbCr (3, as RGB): exact
/// inverse DCT
/// (`islow`), smooth ("fancy") upsampling, the same bits that libvips gives. Nothing for a file that
///  - has another kind of colour (CMYK, RGB), an orientation other than upright, or an APP2 segment (colour
///  profile,
///    gain map, several pictures);
///  - is larger than the limits, or has more scans than kJpegMaxScans;
///  - makes libjpeg fail or so much as warn, or lacks detail that a progressive file promises.
/// Thread-safe.
std::optional<Pixels> decode_jpeg(std::span<const uint8_t> file, const JpegLimits& limits);

/// The same from a path; nothing for what cannot be read or is no regular file either. Reads no further than
/// a file's header where it is declined for that.
std::optional<Pixels> decode_jpeg_file(const std::string& path, const JpegLimits& limits);

}  // namespace simclr
