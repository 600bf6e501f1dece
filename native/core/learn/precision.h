// What a run computes in and what it keeps its weights in.
#pragma once

#include <ATen/ATen.h>

namespace simclr {

enum class Precision { fp32, bf16, fp64 };

/// As options and messages have it.
inline const char* name_of(Precision precision) {
  return precision == Precision::bf16 ? "bf16" : precision == Precision::fp64 ? "fp64" : "fp32";
}

/// Convolutions and dense layers.
inline at::ScalarType compute_type(Precision precision) {
  return precision == Precision::bf16   ? at::kBFloat16
         : precision == Precision::fp64 ? at::kDouble
                                        : at::kFloat;
}

/// Weights, BN parameters, statistics, loss, optimizer.
inline at::ScalarType master_type(Precision precision) {
  return precision == Precision::fp64 ? at::kDouble : at::kFloat;
}

}  // namespace simclr
