// What a machine's processor and memory reach at best: the measure for everything else.
#pragma once

namespace simclr {

/// Operations (multiplications and additions) and bytes (read and written) a second.
struct MachineLimits {
  double gemm_fp32 = 0;
  double gemm_bf16 = 0;
  double copy = 0;
};

/// Measures with `threads` threads at once, each on its own data; about two seconds. CPU only.
MachineLimits measure_limits(int threads);

/// How many times as fast as in fp32 a core multiplies matrices in bf16: 7 with AMX, 2 on AMD, and half as
/// fast on Intel with AVX-512 bf16 alone. Measured once a process, in some 30 ms of one thread's own time, so
/// that other work on the machine does not decide it.
double bf16_speed();

}  // namespace simclr
