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
  int64_t begin;  ///< first row in [all first views; all second views; ...]
  bool own;
};

/// Cuts [0, images) into strips of at most `size` images, with cuts at `first` and `first + count`, the own
/// part, and so every view: n strips each. Strips k, k + n, k + 2n, ... hold the same images: partners meet
/// on the diagonals of these strips' tiles.
inline std::vector<Strip> make_strips(int64_t images, int64_t first, int64_t count, int64_t size,
                                      int64_t views) {
  std::vector<Strip> strips;
  const auto cut = [&](int64_t begin, int64_t end, bool own) {
    for (int64_t image = begin; image < end; image += size)
      strips.push_back({image, std::min(size, end - image), image, own});
  };
  cut(0, first, false);
  cut(first, first + count, true);
  cut(first + count, images, false);
  const size_t of_view = strips.size();
  for (size_t i = 0; i < of_view * (views - 1); ++i) {
    Strip partner = strips[i];
    partner.begin += images;
    strips.push_back(partner);
  }
  return strips;
}

inline int64_t round_robin_phases(int64_t count) { return count + count % 2 - 1; }

/// The pairs of phase `phase` of a round robin between `count` strips; one of an odd number pauses in each.
/// Within a phase no strip occurs twice, so that its pairs may update both their strips at the same time;
/// over all phases every pair occurs once, so that the order of additions does not depend on the threads.
inline std::vector<std::pair<int64_t, int64_t>> round_robin(int64_t count, int64_t phase) {
  std::vector<std::pair<int64_t, int64_t>> pairs;
  const int64_t circle = round_robin_phases(count);
  for (int64_t k = 0; k <= circle / 2; ++k) {
    const int64_t a = k == 0 ? circle : (phase + k) % circle;
    const int64_t b = (phase - k + circle) % circle;
    if (a < count) pairs.push_back(std::minmax(a, b));
  }
  return pairs;
}

}  // namespace simclr
