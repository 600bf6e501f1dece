// Which tiles there are, and in which order they are worked off.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace simclr {

/// Consecutive rows of one view.
struct Strip {
  int64_t image;  ///< first image
  int64_t rows;
  int64_t begin;  ///< first row in [all first views; all second views]
  bool own;
};

/// Cuts [0, images) into strips of at most `size` images, with cuts at `first` and `first + count`, the own
/// part. Strip k + n/2 holds the partners of strip k: partners meet on the diagonal of tile (k, k + n/2).
inline std::vector<Strip> make_strips(int64_t images, int64_t first, int64_t count, int64_t size) {
  std::vector<Strip> strips;
  const auto cut = [&](int64_t begin, int64_t end, bool own) {
    for (int64_t image = begin; image < end; image += size)
      strips.push_back({image, std::min(size, end - image), image, own});
  };
  cut(0, first, false);
  cut(first, first + count, true);
  cut(first + count, images, false);
  const size_t half = strips.size();
  for (size_t i = 0; i < half; ++i) {
    Strip partner = strips[i];
    partner.begin += images;
    strips.push_back(partner);
  }
  return strips;
}

/// The pairs of phase `phase` (of count - 1) of a round robin between `count` strips, count even. Within a
/// phase no strip occurs twice, so that its pairs may update both their strips at the same time; over all
/// phases every pair occurs once, so that the order of additions does not depend on the threads.
inline std::vector<std::pair<int64_t, int64_t>> round_robin(int64_t count, int64_t phase) {
  std::vector<std::pair<int64_t, int64_t>> pairs;
  const int64_t circle = count - 1;
  for (int64_t k = 0; k < count / 2; ++k) {
    const int64_t a = k == 0 ? circle : (phase + k) % circle;
    const int64_t b = (phase - k + circle) % circle;
    pairs.push_back(std::minmax(a, b));
  }
  return pairs;
}

}  // namespace simclr
