// Device names.
#pragma once

#include <ATen/ATen.h>

#include <string>

namespace simclr {

/// `cpu`, `cuda`, `cuda:N` (and `meta`, for tests). Throws ERR_SIMCLR_INVALID_ARGUMENT for anything else and
/// ERR_SIMCLR_DEVICE where there is no such device: an explicit `cuda` never falls back.
at::Device parse_device(const std::string& name);

}  // namespace simclr
