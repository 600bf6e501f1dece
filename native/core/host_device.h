// Arithmetic that CPU code and CUDA kernels share is marked SIMCLR_HD, so that CPU tests exercise it.
#pragma once

#ifdef __CUDACC__
#define SIMCLR_HD __host__ __device__
#else
#define SIMCLR_HD
#endif
