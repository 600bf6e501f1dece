// What a run computes in and what it keeps its weights in.
#pragma once

#include <ATen/ATen.h>

namespace simclr {

/// tf32: float32 with products of 10-bit mantissas, on a GPU.
enum class Precision { fp32, tf32, bf16, fp16, fp64 };

/// As options and messages have it.
inline const char* name_of(Precision precision) {
  switch (precision) {
    case Precision::tf32:
      return "tf32";
    case Precision::bf16:
      return "bf16";
    case Precision::fp16:
      return "fp16";
    case Precision::fp64:
      return "fp64";
    default:
      return "fp32";
  }
}

/// Convolutions and dense layers.
inline at::ScalarType compute_type(Precision precision) {
  return precision == Precision::bf16   ? at::kBFloat16
         : precision == Precision::fp16 ? at::kHalf
         : precision == Precision::fp64 ? at::kDouble
                                        : at::kFloat;
}

/// Weights, BN parameters, statistics, loss, optimizer.
inline at::ScalarType master_type(Precision precision) {
  return precision == Precision::fp64 ? at::kDouble : at::kFloat;
}

/// While it lives, LibTorch multiplies float32 on `device` as `precision` says, and cuDNN times its
/// algorithms for each shape. The setting is the process's: those who want another wait until nobody has this
/// one. (LibTorch's default would be TF32 convolutions.)
class DeviceSettings {
 public:
  DeviceSettings(const at::Device& device, Precision precision);
  ~DeviceSettings();
  DeviceSettings(const DeviceSettings&) = delete;
  DeviceSettings& operator=(const DeviceSettings&) = delete;

 private:
  const bool held_;
};

}  // namespace simclr
