// What a machine's processor and memory reach at best: the measure for everything else.
#pragma once

namespace simclr {

/// Operations (multiplications and additions) and bytes (read and written) a second.
struct MachineLimits {
  double gemm_fp32 = 0;
  double gemm_bf16 = 0;
  double copy = 0;
};

/// Measures with `threads` threads at once, each on its own data; about a second. CPU only.
MachineLimits measure_limits(int threads);

}  // namespace simclr
