// The order in which an epoch visits the images.
#pragma once

#include <cstdint>
#include <vector>

namespace simclr {

/// A permutation of 0 .. count-1: a function of (seed, epoch) alone, uniform over all permutations.
std::vector<uint32_t> epoch_order(uint64_t seed, uint32_t epoch, uint32_t count);

}  // namespace simclr
