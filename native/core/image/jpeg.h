// JPEG to pixels with libjpeg-turbo, where the addon is built with it: the fast way for ordinary photographs.
// What is in any way unusual or damaged is declined, and is for a decoder that knows all of the format.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "core/image/pixels.h"

namespace simclr {

struct JpegOptions {
  /// Larger files are declined, before memory is taken for their pixels.
  int64_t max_pixels = 100'000'000;
  /// Larger images are shrunk until their shorter side has so many pixels; 0: none is.
  int shorter_side = 0;
};

/// Scans of a progressive file, each of which costs time while adding next to no bytes. Encoders write ten or
/// so.
inline constexpr int kJpegMaxScans = 64;

/// Version of libjpeg-turbo, null for a build without.
const char* jpeg_library();

/// The pixels of a baseline or progressive file of 8 bits, grey (1 channel) or YCbCr (3, as RGB): exact
/// inverse DCT
/// (`islow`), smooth ("fancy") upsampling, the same bits that libvips gives. Larger ones than `shorter_side`
/// are decoded at 1/8, 1/4 or 1/2 of their size, the smallest whose shorter side is no shorter, and `shrink`
/// does the rest. Nothing for a file that
///  - has another kind of colour (CMYK, RGB), an orientation other than upright, or an APP2 segment (colour
///  profile,
///    gain map, several pictures);
///  - has more pixels than `max_pixels`, or more scans than kJpegMaxScans;
///  - makes libjpeg fail or so much as warn, or lacks detail that a progressive file promises.
/// Thread-safe.
std::optional<Pixels> decode_jpeg(std::span<const uint8_t> file, const JpegOptions& options);

/// The same from a path; nothing for what cannot be read or is no regular file either. Reads no further than
/// a file's header where it is declined for that.
std::optional<Pixels> decode_jpeg_file(const std::string& path, const JpegOptions& options);

}  // namespace simclr
