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

/// Tells LibTorch how float32 is multiplied on `device`, and lets cuDNN time its algorithms for each shape.
/// These settings are the process's: every step says anew what it wants. (LibTorch's default would be TF32
/// convolutions.)
void prepare_device(const at::Device& device, Precision precision);

}  // namespace simclr
