// BatchNorm's kernels on the host executor against plain loops in double.
#include "cuda/nn/batch_norm_kernels.h"
#include "cuda/nn/row_geometry.h"
#include "testing.h"

using namespace simclr::cuda;

namespace {

template <class T>
std::vector<T> as(const std::vector<float>& values) {
  std::vector<T> out;
  for (const float x : values) out.push_back(from_float<T>(x));
  return out;
}

/// A tensor aligned as a GPU's allocator aligns it.
template <class T>
struct Aligned {
  explicit Aligned(std::vector<T> of) : count(of.size()), memory(count * sizeof(T) + 16) {
    auto at = reinterpret_cast<uintptr_t>(memory.data());
    data = reinterpret_cast<T*>((at + 15) / 16 * 16);
    std::copy(of.begin(), of.end(), data);
  }
  float operator[](size_t i) const { return to_float(data[i]); }
  size_t count;
  std::vector<char> memory;
  T* data;
};

template <class T>
void passes(int64_t rows, int64_t channels, float mean_of_x, bool relu, bool residual, double tolerance) {
  const size_t count = rows * channels;
  std::vector<float> values = testing::numbers(count, 1);
  for (float& x : values) x += mean_of_x;
  const Aligned<T> x(as<T>(values)), add(as<T>(testing::numbers(count, 2))),
      dy(as<T>(testing::numbers(count, 3)));
  Aligned<T> y{std::vector<T>(count)}, dx{std::vector<T>(count)}, passed{std::vector<T>(count)};
  const std::vector<float> scale = testing::numbers(channels, 4), shift = testing::numbers(channels, 5),
                           slope = testing::numbers(channels, 6), offset = testing::numbers(channels, 7);
  std::vector<double> scratch(batch_norm_scratch(rows, channels, sizeof(T)), NAN);
  std::vector<double> mean(channels), m2(channels), sum_g(channels), sum_gx(channels);

  EXPECT(batch_norm_moments<T>(x.data, rows, channels, scratch.data(), mean.data(), m2.data(), nullptr) == 0);
  std::vector<float> center(mean.begin(), mean.end());
  T* const after = relu ? y.data : nullptr;
  EXPECT(batch_norm_apply<T>(x.data, residual ? add.data : nullptr, center.data(), scale.data(), shift.data(),
                             relu, y.data, rows, channels, nullptr) == 0);
  EXPECT(batch_norm_sums<T>(dy.data, after, x.data, center.data(), rows, channels, scratch.data(),
                            sum_g.data(), sum_gx.data(), nullptr) == 0);
  EXPECT(batch_norm_input<T>(dy.data, after, x.data, center.data(), scale.data(), slope.data(), offset.data(),
                             dx.data, residual ? passed.data : nullptr, rows, channels, nullptr) == 0);

  for (int64_t c = 0; c < channels; ++c) {
    double total = 0, spread = 0, g_total = 0, gx_total = 0;
    for (int64_t r = 0; r < rows; ++r) total += x[r * channels + c];
    const double middle = total / static_cast<double>(rows);
    for (int64_t r = 0; r < rows; ++r) {
      const size_t i = r * channels + c;
      const double d = x[i] - middle;
      spread += d * d;
      double out = (x[i] - center[c]) * static_cast<double>(scale[c]) + shift[c] + (residual ? add[i] : 0);
      if (relu) out = std::max(out, 0.0);
      EXPECT_NEAR(y[i], out, tolerance * (1 + std::abs(out)));
      const double g = !relu || y[i] > 0 ? dy[i] : 0;
      const double deviation = x[i] - static_cast<double>(center[c]);
      g_total += g;
      gx_total += g * deviation;
      const double in = g * scale[c] + deviation * slope[c] + offset[c];
      EXPECT_NEAR(dx[i], in, tolerance * (1 + std::abs(in)));
      if (residual) EXPECT_NEAR(passed[i], g, 0);
    }
    EXPECT_NEAR(mean[c], middle, 1e-6 * (1 + std::abs(middle)));
    EXPECT_NEAR(m2[c], spread, 1e-5 * (spread + 1e-6));
    EXPECT_NEAR(sum_g[c], g_total, 1e-5 * (1 + std::abs(g_total)));
    EXPECT_NEAR(sum_gx[c], gx_total, 1e-5 * (1 + std::abs(gx_total)));
  }
}

/// Every value belongs to exactly one thread.
void geometry(int64_t rows, int64_t channels, int vector) {
  const RowGeometry g = row_geometry(rows, channels, vector);
  EXPECT(g.width * g.height <= kRowThreads && g.height >= 1 && g.row_blocks >= 1 &&
         g.row_blocks <= kMostRowBlocks);
  std::vector<int> seen(rows * g.groups);
  for (int by = 0; by < g.column_blocks; ++by)
    for (int bx = 0; bx < g.row_blocks; ++bx)
      for (int ty = 0; ty < g.height; ++ty)
        for (int tx = 0; tx < g.width; ++tx)
          for (int64_t row = bx * g.height + ty; row < rows; row += int64_t{g.row_blocks} * g.height)
            if (by * g.width + tx < g.groups) ++seen[row * g.groups + by * g.width + tx];
  for (const int times : seen) EXPECT(times == 1);
}

}  // namespace

int main() {
  for (const int64_t channels : {1, 3, 8, 24, 64, 200, 2048, 4096}) {
    for (const int64_t rows : {1, 2, 7, 1000}) geometry(rows, channels, channels % 8 == 0 ? 8 : 1);
  }
  geometry(100'000, 16, 8);
  for (const bool relu : {false, true}) {
    for (const bool residual : {false, true}) {
      passes<float>(37, 12, 3, relu, residual, 1e-6);
      passes<Bf16>(50, 24, 0.5f, relu, residual, 0x1p-8);
    }
  }
  passes<float>(1, 5, 0, true, true, 1e-6);        // one row, channels that are no vector
  passes<float>(700, 3, 1000, true, false, 1e-3);  // far from zero: E[x²] - E[x]² would lose everything
  passes<Half>(300, 8, 0, true, true, 0x1p-10);    // several rows a thread
  passes<Bf16>(3, 2056, 0, true, false, 0x1p-8);   // 257 groups: more than a block is wide
  passes<float>(20'000, 4, 0, true, true, 1e-6);   // many blocks, more than one flush
  std::printf("ok\n");
}
