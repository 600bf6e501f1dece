// NativeTensor of lib/addon/interface.ts to LibTorch tensors and back, by copy.
#pragma once

#include <napi.h>

#include <vector>

#include "core/nn/parameters.h"

namespace simclr::binding {

/// Throws ERR_SIMCLR_INVALID_ARGUMENT if bytes and shape disagree.
NamedTensor to_tensor(const Napi::Value& value);
std::vector<NamedTensor> to_tensors(const Napi::Value& value);

Napi::Value to_js(Napi::Env env, const NamedTensor& tensor);
Napi::Value to_js(Napi::Env env, const std::vector<NamedTensor>& tensors);

/// int64 [n] from an Int32Array, undefined from null.
at::Tensor to_labels(const Napi::Value& value);
std::vector<uint32_t> to_indices(const Napi::Value& value);
/// What operands are rounded to first, as a half-precision encoder would hand them over: `input` of the
/// options, 'bf16' or 'fp16'; `otherwise` where it is not there.
at::ScalarType input_type(const Napi::Object& options, at::ScalarType otherwise);
/// A Float32Array over a copy of a float tensor (fp64 is narrowed).
Napi::Value to_float_array(Napi::Env env, const at::Tensor& tensor);

}  // namespace simclr::binding
