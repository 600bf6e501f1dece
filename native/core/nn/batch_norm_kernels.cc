#include "core/nn/batch_norm_kernels.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "core/numbers.h"
#include "core/vector_clones.h"

namespace simclr {
namespace {

// Sums run over row blocks, at most so many and as many for any thread count, added in order: the result does
// not depend on the threads.
constexpr int64_t kBlocks = 16;
// Arrays never overlap; with five pointers in a loop the compiler gives up finding out and does not
// vectorise.
#if defined(__GNUC__) && !defined(__clang__)
#define SIMCLR_NO_ALIAS _Pragma("GCC ivdep")
#else
#define SIMCLR_NO_ALIAS
#endif

// Rows added in the accumulator type before they go to double; fewer are not worth a block.
constexpr int64_t kFlush = 64;

SIMCLR_INLINE void store(float* p, float value) { *p = value; }
SIMCLR_INLINE void store(double* p, double value) { *p = value; }
/// Round to nearest, ties to even. NaN stays NaN, whose bits rounding might carry into infinity or zero.
SIMCLR_INLINE void store(at::BFloat16* p, float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  const auto rounded = static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
  p->x = value != value ? uint16_t{0x7fc0} : rounded;
}

template <class T>
SIMCLR_INLINE void moments_block(const T* x, int64_t rows, int64_t channels, double* mean, double* m2) {
  using A = Acc<T>;
  // Deviations from the block's first row: no cancellation however far the mean is from zero.
  std::vector<A> work(3 * channels);
  A* __restrict pivot = work.data();
  A* __restrict sum = pivot + channels;
  A* __restrict square = sum + channels;
  std::fill(mean, mean + channels, 0.0);
  std::fill(m2, m2 + channels, 0.0);
  SIMCLR_NO_ALIAS
  for (int64_t c = 0; c < channels; ++c) pivot[c] = load(x + c);
  for (int64_t first = 0; first < rows; first += kFlush) {
    const int64_t last = std::min(rows, first + kFlush);
    std::fill(sum, square + channels, A(0));
    for (int64_t r = first; r < last; ++r) {
      const T* __restrict row = x + r * channels;
      SIMCLR_NO_ALIAS
      for (int64_t c = 0; c < channels; ++c) {
        const A d = load(row + c) - pivot[c];
        sum[c] += d;
        square[c] += d * d;
      }
    }
    SIMCLR_NO_ALIAS
    for (int64_t c = 0; c < channels; ++c) {
      mean[c] += sum[c];
      m2[c] += square[c];
    }
  }
  SIMCLR_NO_ALIAS
  for (int64_t c = 0; c < channels; ++c) {
    const double shift = mean[c] / static_cast<double>(rows);
    m2[c] = std::max(0.0, m2[c] - shift * mean[c]);
    mean[c] = pivot[c] + shift;
  }
}

template <class T>
SIMCLR_INLINE void apply_rows(const T* x, const T* residual, const Acc<T>* __restrict mean,
                              const Acc<T>* __restrict scale, const Acc<T>* __restrict shift, bool relu, T* y,
                              int64_t rows, int64_t channels) {
  using A = Acc<T>;
  const A floor = relu ? A(0) : -std::numeric_limits<A>::infinity();
  for (int64_t r = 0; r < rows; ++r) {
    const T* __restrict in = x + r * channels;
    T* __restrict out = y + r * channels;
    if (residual != nullptr) {
      const T* __restrict add = residual + r * channels;
      SIMCLR_NO_ALIAS
      for (int64_t c = 0; c < channels; ++c) {
        const A value = (load(in + c) - mean[c]) * scale[c] + shift[c] + load(add + c);
        store(out + c, value < floor ? floor : value);  // keeps NaN, as std::max would not
      }
    } else {
      SIMCLR_NO_ALIAS
      for (int64_t c = 0; c < channels; ++c) {
        const A value = (load(in + c) - mean[c]) * scale[c] + shift[c];
        store(out + c, value < floor ? floor : value);
      }
    }
  }
}

template <class T>
SIMCLR_INLINE void sums_block(const T* dy, const T* y, const T* x, const Acc<T>* __restrict mean,
                              int64_t rows, int64_t channels, double* sum_g, double* sum_gx) {
  using A = Acc<T>;
  std::vector<A> work(2 * channels);
  A* __restrict g_sum = work.data();
  A* __restrict gx_sum = g_sum + channels;
  std::fill(sum_g, sum_g + channels, 0.0);
  std::fill(sum_gx, sum_gx + channels, 0.0);
  for (int64_t first = 0; first < rows; first += kFlush) {
    const int64_t last = std::min(rows, first + kFlush);
    std::fill(g_sum, gx_sum + channels, A(0));
    for (int64_t r = first; r < last; ++r) {
      const T* __restrict d = dy + r * channels;
      const T* __restrict in = x + r * channels;
      if (y != nullptr) {
        const T* __restrict out = y + r * channels;
        SIMCLR_NO_ALIAS
        for (int64_t c = 0; c < channels; ++c) {
          const A all = load(d + c);  // read in any case, or the compiler does not vectorise
          const A g = load(out + c) > A(0) ? all : A(0);
          g_sum[c] += g;
          gx_sum[c] += g * (load(in + c) - mean[c]);
        }
      } else {
        SIMCLR_NO_ALIAS
        for (int64_t c = 0; c < channels; ++c) {
          const A g = load(d + c);
          g_sum[c] += g;
          gx_sum[c] += g * (load(in + c) - mean[c]);
        }
      }
    }
    SIMCLR_NO_ALIAS
    for (int64_t c = 0; c < channels; ++c) {
      sum_g[c] += g_sum[c];
      sum_gx[c] += gx_sum[c];
    }
  }
}

template <class T, bool kRelu, bool kResidual>
SIMCLR_INLINE void input_rows(const T* dy, const T* y, const T* x, const Acc<T>* __restrict mean,
                              const Acc<T>* __restrict scale, const Acc<T>* __restrict slope,
                              const Acc<T>* __restrict offset, T* dx, T* d_residual, int64_t rows,
                              int64_t channels) {
  using A = Acc<T>;
  for (int64_t r = 0; r < rows; ++r) {
    const T* __restrict d = dy + r * channels;
    const T* __restrict out = kRelu ? y + r * channels : nullptr;
    const T* __restrict in = x + r * channels;
    T* __restrict to = dx + r * channels;
    T* __restrict add = kResidual ? d_residual + r * channels : nullptr;
    SIMCLR_NO_ALIAS
    for (int64_t c = 0; c < channels; ++c) {
      A g = load(d + c);
      if constexpr (kRelu) g = load(out + c) > A(0) ? g : A(0);
      store(to + c, g * scale[c] + (load(in + c) - mean[c]) * slope[c] + offset[c]);
      if constexpr (kResidual) store(add + c, g);
    }
  }
}

template <class T>
SIMCLR_INLINE void input_dispatch(const T* dy, const T* y, const T* x, const Acc<T>* mean,
                                  const Acc<T>* scale, const Acc<T>* slope, const Acc<T>* offset, T* dx,
                                  T* d_residual, int64_t rows, int64_t channels) {
  if (y != nullptr && d_residual != nullptr) {
    input_rows<T, true, true>(dy, y, x, mean, scale, slope, offset, dx, d_residual, rows, channels);
  } else if (y != nullptr) {
    input_rows<T, true, false>(dy, y, x, mean, scale, slope, offset, dx, d_residual, rows, channels);
  } else if (d_residual != nullptr) {
    input_rows<T, false, true>(dy, y, x, mean, scale, slope, offset, dx, d_residual, rows, channels);
  } else {
    input_rows<T, false, false>(dy, y, x, mean, scale, slope, offset, dx, d_residual, rows, channels);
  }
}

// The clones, one a type: target_clones takes plain functions only.
#define SIMCLR_BATCH_NORM_CLONES(T)                                                                     \
  SIMCLR_VECTOR_CLONES void moments_clone(const T* x, int64_t rows, int64_t channels, double* mean,     \
                                          double* m2) {                                                 \
    moments_block(x, rows, channels, mean, m2);                                                         \
  }                                                                                                     \
  SIMCLR_VECTOR_CLONES void apply_clone(const T* x, const T* residual, const Acc<T>* mean,              \
                                        const Acc<T>* scale, const Acc<T>* shift, bool relu, T* y,      \
                                        int64_t rows, int64_t channels) {                               \
    apply_rows(x, residual, mean, scale, shift, relu, y, rows, channels);                               \
  }                                                                                                     \
  SIMCLR_VECTOR_CLONES void sums_clone(const T* dy, const T* y, const T* x, const Acc<T>* mean,         \
                                       int64_t rows, int64_t channels, double* sum_g, double* sum_gx) { \
    sums_block(dy, y, x, mean, rows, channels, sum_g, sum_gx);                                          \
  }                                                                                                     \
  SIMCLR_VECTOR_CLONES void input_clone(const T* dy, const T* y, const T* x, const Acc<T>* mean,        \
                                        const Acc<T>* scale, const Acc<T>* slope, const Acc<T>* offset, \
                                        T* dx, T* d_residual, int64_t rows, int64_t channels) {         \
    input_dispatch(dy, y, x, mean, scale, slope, offset, dx, d_residual, rows, channels);               \
  }
SIMCLR_BATCH_NORM_CLONES(float)
SIMCLR_BATCH_NORM_CLONES(double)
SIMCLR_BATCH_NORM_CLONES(at::BFloat16)
#undef SIMCLR_BATCH_NORM_CLONES

/// Rows a block, but for the last.
int64_t block_rows(int64_t rows) { return std::max((rows + kBlocks - 1) / kBlocks, kFlush); }
/// One of no rows where there are none.
int64_t blocks_of(int64_t rows) { return std::max<int64_t>(1, (rows - 1) / block_rows(rows) + 1); }

/// Calls work(block, first row, last row) for every non-empty block.
template <class Work>
void for_blocks(int64_t rows, Work work) {
  const int64_t step = block_rows(rows);
  at::parallel_for(0, blocks_of(rows), 1, [&](int64_t begin, int64_t end) {
    for (int64_t block = begin; block < end; ++block) {
      const int64_t first = block * step, last = std::min(rows, first + step);
      if (first < last) work(block, first, last);
    }
  });
}

}  // namespace

template <class T>
void batch_norm_moments(const T* x, int64_t rows, int64_t channels, double* mean, double* m2) {
  const int64_t blocks = blocks_of(rows);
  std::vector<double> means(blocks * channels), m2s(blocks * channels), counts(blocks);
  for_blocks(rows, [&](int64_t block, int64_t first, int64_t last) {
    moments_clone(x + first * channels, last - first, channels, &means[block * channels],
                  &m2s[block * channels]);
    counts[block] = static_cast<double>(last - first);
  });
  std::copy_n(means.begin(), channels, mean);
  std::copy_n(m2s.begin(), channels, m2);
  double total = counts[0];
  for (int64_t block = 1; block < blocks; ++block) {  // Chan et al.'s pairwise update
    const double count = counts[block], share = count / (total + count);
    for (int64_t c = 0; c < channels; ++c) {
      const double delta = means[block * channels + c] - mean[c];
      m2[c] += m2s[block * channels + c] + delta * delta * total * share;
      mean[c] += delta * share;
    }
    total += count;
  }
}

template <class T>
void batch_norm_apply(const T* x, const T* residual, const Acc<T>* mean, const Acc<T>* scale,
                      const Acc<T>* shift, bool relu, T* y, int64_t rows, int64_t channels) {
  for_blocks(rows, [&](int64_t, int64_t first, int64_t last) {
    const int64_t at = first * channels;
    apply_clone(x + at, residual ? residual + at : nullptr, mean, scale, shift, relu, y + at, last - first,
                channels);
  });
}

template <class T>
void batch_norm_backward_sums(const T* dy, const T* y, const T* x, const Acc<T>* mean, int64_t rows,
                              int64_t channels, double* sum_g, double* sum_gx) {
  const int64_t blocks = blocks_of(rows);
  std::vector<double> g(blocks * channels), gx(blocks * channels);
  for_blocks(rows, [&](int64_t block, int64_t first, int64_t last) {
    const int64_t at = first * channels;
    sums_clone(dy + at, y ? y + at : nullptr, x + at, mean, last - first, channels, &g[block * channels],
               &gx[block * channels]);
  });
  std::copy_n(g.begin(), channels, sum_g);
  std::copy_n(gx.begin(), channels, sum_gx);
  for (int64_t block = 1; block < blocks; ++block) {
    for (int64_t c = 0; c < channels; ++c) {
      sum_g[c] += g[block * channels + c];
      sum_gx[c] += gx[block * channels + c];
    }
  }
}

template <class T>
void batch_norm_backward_input(const T* dy, const T* y, const T* x, const Acc<T>* mean, const Acc<T>* scale,
                               const Acc<T>* slope, const Acc<T>* offset, T* dx, T* d_residual, int64_t rows,
                               int64_t channels) {
  for_blocks(rows, [&](int64_t, int64_t first, int64_t last) {
    const int64_t at = first * channels;
    input_clone(dy + at, y ? y + at : nullptr, x + at, mean, scale, slope, offset, dx + at,
                d_residual ? d_residual + at : nullptr, last - first, channels);
  });
}

#define SIMCLR_BATCH_NORM_INSTANTIATE(T)                                                                    \
  template void batch_norm_moments(const T*, int64_t, int64_t, double*, double*);                           \
  template void batch_norm_apply(const T*, const T*, const Acc<T>*, const Acc<T>*, const Acc<T>*, bool, T*, \
                                 int64_t, int64_t);                                                         \
  template void batch_norm_backward_sums(const T*, const T*, const T*, const Acc<T>*, int64_t, int64_t,     \
                                         double*, double*);                                                 \
  template void batch_norm_backward_input(const T*, const T*, const T*, const Acc<T>*, const Acc<T>*,       \
                                          const Acc<T>*, const Acc<T>*, T*, T*, int64_t, int64_t);
SIMCLR_BATCH_NORM_INSTANTIATE(float)
SIMCLR_BATCH_NORM_INSTANTIATE(double)
SIMCLR_BATCH_NORM_INSTANTIATE(at::BFloat16)
#undef SIMCLR_BATCH_NORM_INSTANTIATE

}  // namespace simclr
