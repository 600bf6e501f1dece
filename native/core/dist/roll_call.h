// What ranks tell each other at the start of every step.
#pragma once

#include <cstdint>
#include <vector>

#include "core/dist/process_group.h"

namespace simclr {

struct RollCall {
  std::vector<int64_t> images;  ///< of each rank
  std::vector<int64_t> shards;  ///< of each rank
  int64_t first_image = 0;      ///< this rank's first image in the batch
  bool stop = false;            ///< some rank has been asked to stop
};

/// What a rank says.
struct RollAnswer {
  int64_t images, shards;
  int64_t step;
  double lr;
};

/// One small collective. `step` and `lr` must be the same everywhere: throws ERR_SIMCLR_RANK naming who
/// differs.
RollCall call_roll(ProcessGroup& processes, const RollAnswer& answer);

}  // namespace simclr
