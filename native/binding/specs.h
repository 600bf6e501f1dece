// EncoderSpec, HeadSpec, OptimizerSpec and LearnerSpec of lib/addon/specs.ts to the core's.
#pragma once

#include <napi.h>

#include "core/learn/learner.h"

namespace simclr::binding {

constexpr int64_t kMaxShards = 1024;

Convention to_convention(const Napi::Object& object, const char* key);
Precision to_precision(const Napi::Object& object, const char* key);
EncoderSpec to_encoder_spec(const Napi::Object& object);
HeadSpec to_head_spec(const Napi::Object& object);
LearnerSpec to_learner_spec(const Napi::Object& object);
OptimizerSpec to_optimizer_spec(const Napi::Object& object);

}  // namespace simclr::binding
