// A number in memory as one to compute with; inlined into vector code.
#pragma once

#include <c10/util/BFloat16.h>
#include <c10/util/Half.h>

#include <cstdint>
#include <cstring>

#include "core/vector_clones.h"

namespace simclr {

SIMCLR_INLINE float load(const float* p) { return *p; }
SIMCLR_INLINE double load(const double* p) { return *p; }
SIMCLR_INLINE float load(const at::BFloat16* p) {
  const uint32_t bits = static_cast<uint32_t>(p->x) << 16;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}
SIMCLR_INLINE float load(const at::Half* p) { return static_cast<float>(*p); }

}  // namespace simclr
