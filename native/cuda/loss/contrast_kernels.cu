#include "cuda/loss/contrast_kernels.h"
#include "cuda/loss/contrast_tiles.h"

namespace simclr::cuda {
namespace {

constexpr float kLog2E = 1.4426950408889634f;
/// Gradients' weights are at most 2: scaled by this they use the halves' range down to 4e-9.
constexpr float kWeightScale = 16384;

/// 2^(s scale - scale), for |s| <= 1 and a scale of at most 61: nothing here comes near the denormals, for
/// which exp2f scales and compares around the one instruction.
__device__ float shifted_exp2(float s, float scale) {
  const float power = fmaf(s, scale, -scale);
#ifdef __CUDA_ARCH__
  float e;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(e) : "f"(power));
  return e;
#else
  return exp2f(power);
#endif
}

/// What one thread adds up for one of its rows.
struct RowSums {
  float sum = 0;                              // of e, self and partner left out
  float pair = 0;                             // of e over second views, partner left out
  float pair_log = 0;                         // of e (s - 1) there
  float left = -INFINITY, right = -INFINITY;  // largest s there, before and after the partner
  float partner = -INFINITY;
};

__device__ RowSums merged(RowSums a, const RowSums& b) {
  a.sum += b.sum;
  a.pair += b.pair;
  a.pair_log += b.pair_log;
  a.left = fmaxf(a.left, b.left);
  a.right = fmaxf(a.right, b.right);
  a.partner = fmaxf(a.partner, b.partner);
  return a;
}

__device__ RowSums from_lane(const RowSums& s, int mask) {
  RowSums out;
  out.sum = __shfl_xor_sync(~0u, s.sum, mask);
  out.pair = __shfl_xor_sync(~0u, s.pair, mask);
  out.pair_log = __shfl_xor_sync(~0u, s.pair_log, mask);
  out.left = __shfl_xor_sync(~0u, s.left, mask);
  out.right = __shfl_xor_sync(~0u, s.right, mask);
  out.partner = __shfl_xor_sync(~0u, s.partner, mask);
  return out;
}

/// Adds one similarity. `pairs`: a first view's row, a second view's column.
__device__ void add(RowSums& row, float s, float e, bool pairs, bool before) {
  row.sum += e;
  if (!pairs) return;
  row.pair += e;
  row.pair_log += e * (s - 1);
  if (before) {
    row.left = fmaxf(row.left, s);
  } else {
    row.right = fmaxf(row.right, s);
  }
}

template <int kDim>
__global__ void __launch_bounds__(kTileThreads)
    sums_kernel(const Half* z, ContrastSizes sizes, ContrastSums out) {
  TileWalk<kDim> walk(z, sizes);
  RowSums rows[kRowsAThread];
  const float scale = kLog2E / sizes.temperature;
  walk.each_tile([&](const ColumnTile& tile, auto& similarities, auto special) {
    const bool pairs = walk.first_views() && tile.second_views;
    SIMCLR_UNROLL
    for (int r = 0; r < kRowsAThread; ++r) {
      const int self = walk.self_column(r, tile), partner = walk.partner_column(r, tile);
      RowSums part;
      SIMCLR_UNROLL
      for (int c = 0; c < kColumnsAThread; ++c) {
        const int column = walk.column(c);
        const float s = walk.at(similarities, r, c);
        if constexpr (special.value) {
          if (column >= tile.columns || column == self) continue;
          if (column == partner) {
            part.partner = s;
            continue;
          }
        }
        add(part, s, shifted_exp2(s, scale), pairs, column < partner);
      }
      rows[r] = merged(rows[r], part);
    }
  });
  SIMCLR_UNROLL
  for (int r = 0; r < kRowsAThread; ++r) {
    RowSums all = merged(rows[r], from_lane(rows[r], 1));
    all = merged(all, from_lane(all, 2));
    if (walk.lane() % 4 != 0 || !walk.inside(r)) continue;
    const int64_t own = walk.own(r);
    const float partner = shifted_exp2(all.partner, scale);
    const float total = all.sum + partner;
    // Where the partner dominates, the difference of two logarithms would cancel.
    out.loss[own] =
        all.sum <= partner ? log1pf(all.sum / partner) : logf(total) + (1 - all.partner) / sizes.temperature;
    out.inverse_sum[own] = 1 / total;
    out.rest[own] = all.sum / total;
    if (!walk.first_views()) continue;
    out.hit[own] = all.partner > all.left && all.partner >= all.right ? 1 : 0;
    const float pairs = all.pair + partner;
    const float mean = (all.pair_log + partner * (all.partner - 1)) / pairs;  // of s - 1 under the softmax
    out.entropy[own] = logf(pairs) - mean / sizes.temperature;
  }
}

template <int kDim>
__global__ void __launch_bounds__(kTileThreads)
    gradient_kernel(const Half* z, const float* exact, int width, ContrastSizes sizes,
                    const float* inverse_sum, const float* rest, float* gradient) {
  TileWalk<kDim> walk(z, sizes);
  float inverse[kRowsAThread];
  SIMCLR_UNROLL
  for (int r = 0; r < kRowsAThread; ++r) inverse[r] = walk.inside(r) ? inverse_sum[walk.row(r)] : 0;
  const float scale = kLog2E / sizes.temperature;
  float sums[kRowTiles][kDim / 8][4] = {};
  walk.each_tile([&](const ColumnTile& tile, auto& similarities, auto special) {
    uint32_t weights[kRowTiles][kColumnTiles / 2][4];
    SIMCLR_UNROLL
    for (int c = 0; c < kColumnsAThread; c += 2) {  // two neighbours make one register
      float column_inverse[2];
      SIMCLR_UNROLL
      for (int i = 0; i < 2; ++i) {
        const int column = walk.column(c + i);
        const bool is_there = !special.value || column < tile.columns;
        column_inverse[i] = is_there ? inverse_sum[tile.first + column] : 0;
      }
      SIMCLR_UNROLL
      for (int r = 0; r < kRowsAThread; ++r) {
        const int self = walk.self_column(r, tile), partner = walk.partner_column(r, tile);
        float w[2];
        SIMCLR_UNROLL
        for (int i = 0; i < 2; ++i) {
          const int column = walk.column(c + i);
          const float e = shifted_exp2(walk.at(similarities, r, c + i), scale);
          w[i] = e * (inverse[r] + column_inverse[i]) * kWeightScale;
          if (special.value && (column >= tile.columns || column == self || column == partner)) w[i] = 0;
        }
        // C's fragment is A's: rows g and g + 8 are registers 0 and 1, the right half of 16 columns 2 and 3.
        weights[r / 2][c / 4][r % 2 + (c / 2 % 2) * 2] = pack_halves(w[0], w[1]);
      }
    }
    walk.add_products(weights, sums);
  });
  SIMCLR_UNROLL
  for (int r = 0; r < kRowsAThread; ++r) {
    if (!walk.inside(r)) continue;
    const int64_t own = walk.own(r);
    const int64_t other = own < sizes.count ? own + sizes.count : own - sizes.count;
    const float partner_weight = rest[own] + rest[other];
    const float* partner = exact + walk.partner(r) * width;
    SIMCLR_UNROLL
    for (int n = 0; n < kDim / 8; ++n) {
      SIMCLR_UNROLL
      for (int i = 0; i < 2; ++i) {
        const int d = 8 * n + 2 * (walk.lane() % 4) + i;
        if (d >= width) continue;
        const float sum = sums[r / 2][n][r % 2 * 2 + i];
        gradient[own * width + d] = sum * (1 / kWeightScale) - partner_weight * partner[d];
      }
    }
  }
}

__global__ void halves_kernel(const float* z, int64_t rows, int64_t dim, int padding, Half* out) {
  const int64_t i = static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i >= rows * padding) return;
  const int64_t row = i / padding, column = i % padding;
  out[i] = from_float<Half>(column < dim ? z[row * dim + column] : 0);
}

template <int kDim, class Kernel, class... Args>
cudaError_t launch_tiles(Kernel kernel, const ContrastSizes& sizes, cudaStream_t stream, Args... args) {
  constexpr int kShared = TileWalk<kDim>::kSharedBytes;
  const cudaError_t status = allow_shared(kernel, kShared);
  if (status != cudaSuccess) return status;
  SIMCLR_LAUNCH(kernel, static_cast<unsigned>(2 * strips_of(sizes.count)), kTileThreads, kShared, stream,
                args...);
  return cudaGetLastError();
}

}  // namespace

int contrast_padding(int64_t dim) {
  return dim <= 32 ? 32 : dim <= 64 ? 64 : dim <= kContrastDim ? kContrastDim : 0;
}

cudaError_t contrast_halves(const float* z, int64_t rows, int64_t dim, int padding, Half* out,
                            cudaStream_t stream) {
  constexpr int kThreads = 256;
  const auto blocks = static_cast<unsigned>((rows * padding + kThreads - 1) / kThreads);
  SIMCLR_LAUNCH(halves_kernel, blocks, kThreads, 0, stream, z, rows, dim, padding, out);
  return cudaGetLastError();
}

cudaError_t contrast_sums(const Half* z, const ContrastSizes& sizes, const ContrastSums& out,
                          cudaStream_t stream) {
  if (sizes.dim == 32) return launch_tiles<32>(sums_kernel<32>, sizes, stream, z, sizes, out);
  if (sizes.dim == 64) return launch_tiles<64>(sums_kernel<64>, sizes, stream, z, sizes, out);
  return launch_tiles<128>(sums_kernel<128>, sizes, stream, z, sizes, out);
}

cudaError_t contrast_gradient(const Half* z, const float* exact, int width, const ContrastSizes& sizes,
                              const float* inverse_sum, const float* rest, float* gradient,
                              cudaStream_t stream) {
  const auto run = [&](auto dim, auto kernel) {
    return launch_tiles<decltype(dim)::value>(kernel, sizes, stream, z, exact, width, sizes, inverse_sum,
                                              rest, gradient);
  };
  if (sizes.dim == 32) return run(std::integral_constant<int, 32>(), gradient_kernel<32>);
  if (sizes.dim == 64) return run(std::integral_constant<int, 64>(), gradient_kernel<64>);
  return run(std::integral_constant<int, 128>(), gradient_kernel<128>);
}

}  // namespace simclr::cuda
