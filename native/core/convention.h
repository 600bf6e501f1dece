// The two conventions every constant belongs to.
#pragma once

namespace simclr {

/// kPaper: google-research/simclr (tf2). kTorch: torchvision and lightly.
enum class Convention { kPaper, kTorch };

}  // namespace simclr
