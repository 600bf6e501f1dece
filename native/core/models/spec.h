// What an encoder and a head are, as data. lib/config resolves and checks them.
#pragma once

#include <cstdint>

#include "core/convention.h"

namespace simclr {

/// imagenet: 7x7/2 and 3x3/2 max pool. cifar: 3x3/1, no pool. stride2: 3x3/2, no pool.
enum class Stem { imagenet, cifar, stride2 };

struct EncoderSpec {
  int depth = 18;    ///< 18, 34, 50, 101, 152, 200
  double width = 1;  ///< multiplies every channel count
  Stem stem = Stem::imagenet;
  Convention convention = Convention::kTorch;
  double sk_ratio = 0;  ///< selective kernels: 0 = none, 0.0625 in SimCLR v2
};

struct HeadSpec {
  int layers = 2;      ///< 0 = none, 1 = linear, 2 = SimCLR v1, 3 = SimCLR v2
  int64_t hidden = 0;  ///< width of the middle layers; 0: that of the features
  int64_t dim = 128;
  Convention convention = Convention::kTorch;
  int keep = 0;  ///< first layers that a supervised learner's classifier stands on: less than `layers`
};

}  // namespace simclr
