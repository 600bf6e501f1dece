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

struct DeviceReport {
  std::vector<DeviceInfo> devices;
  /// A sentence for people: why there is no CUDA device, or why one that is there is not listed, and what to
  /// do. Empty if nothing is wrong.
  std::string problem;
};

/// The CPU, then each CUDA device this process can compute on.
DeviceReport list_devices();

}  // namespace simclr
