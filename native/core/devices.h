// The devices that LibTorch can compute on here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace simclr {

struct DeviceInfo {
  std::string name;         ///< `cpu`, `cuda:0`, …
  bool is_cuda = false;     ///< else the CPU
  std::string description;  ///< for people
  uint64_t memory = 0;      ///< bytes; 0 = unknown
};

/// The CPU, then each CUDA device this process sees.
std::vector<DeviceInfo> list_devices();

}  // namespace simclr
