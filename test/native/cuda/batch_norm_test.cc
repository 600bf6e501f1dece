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
  const std::vector<float> scale = testing::numbers(channels, 4), shift = testing::numbers(channels, 5);
  std::vector<double> scratch(batch_norm_scratch(rows, channels, sizeof(T)), NAN);
  std::vector<double> mean(channels), m2(channels), rstd(channels), sums(2 * channels);
  std::vector<float> d_scale(channels), d_shift(channels);
  // As if another member had as many rows: the whole batch's count and sums are not this member's.
  const double all_rows = 2.0 * static_cast<double>(rows);
  const RowCount whole{0, &all_rows}, own{static_cast<double>(rows), nullptr};
  const RunningArrays none{};

  EXPECT(batch_norm_moments<T>(x.data, rows, channels, scratch.data(), mean.data(), m2.data(), nullptr) == 0);
  EXPECT(batch_norm_settle(mean.data(), m2.data(), own, 1e-5, none, channels, rstd.data(), nullptr) == 0);
  const ChannelArrays norm{mean.data(), rstd.data(), scale.data(), shift.data()};
  T* const after = relu ? y.data : nullptr;
  EXPECT(batch_norm_apply<T>(x.data, residual ? add.data : nullptr, norm, relu, y.data, rows, channels,
                             nullptr) == 0);
  EXPECT(batch_norm_sums<T>(dy.data, after, x.data, mean.data(), rows, channels, scratch.data(), sums.data(),
                            nullptr) == 0);
  EXPECT(batch_norm_input<T>(dy.data, after, x.data, norm, sums.data(), whole, dx.data,
                             residual ? passed.data : nullptr, rows, channels, nullptr) == 0);
  EXPECT(batch_norm_parameters(sums.data(), rstd.data(), channels, d_scale.data(), d_shift.data(), nullptr) ==
         0);

  for (int64_t c = 0; c < channels; ++c) {
    double total = 0, spread = 0, g_total = 0, gx_total = 0;
    for (int64_t r = 0; r < rows; ++r) total += x[r * channels + c];
    const double middle = total / static_cast<double>(rows);
    const double center = static_cast<float>(mean[c]), a = scale[c] * rstd[c];
    for (int64_t r = 0; r < rows; ++r) {
      const size_t i = r * channels + c;
      const double d = x[i] - middle;
      spread += d * d;
      double out = (x[i] - center) * a + shift[c] + (residual ? add[i] : 0);
      if (relu) out = std::max(out, 0.0);
      EXPECT_NEAR(y[i], out, tolerance * (1 + std::abs(out)));
      const double g = !relu || y[i] > 0 ? dy[i] : 0, deviation = x[i] - center;
      g_total += g;
      gx_total += g * deviation;
      const double hat = deviation * rstd[c];
      const double in = a * (g - sums[c] / all_rows - hat * (sums[channels + c] * rstd[c] / all_rows));
      EXPECT_NEAR(dx[i], in, tolerance * (1 + std::abs(a * g) + std::abs(in)));
      if (residual) EXPECT_NEAR(passed[i], g, 0);
    }
    EXPECT_NEAR(mean[c], middle, 1e-6 * (1 + std::abs(middle)));
    EXPECT_NEAR(m2[c], spread, 1e-5 * (spread + 1e-6));
    EXPECT_NEAR(rstd[c], 1 / std::sqrt(m2[c] / static_cast<double>(rows) + 1e-5), 1e-9 * rstd[c]);
    EXPECT_NEAR(sums[c], g_total, 1e-5 * (1 + std::abs(g_total)));
    EXPECT_NEAR(sums[channels + c], gx_total, 1e-5 * (1 + std::abs(gx_total)));
    EXPECT_NEAR(d_scale[c], sums[channels + c] * rstd[c], 1e-6 * (1 + std::abs(d_scale[c])));
    EXPECT_NEAR(d_shift[c], sums[c], 1e-6 * (1 + std::abs(sums[c])));
  }
}

/// Without shift and with statistics that do not depend on the batch; running statistics as PyTorch moves
/// them.
void running_statistics(bool unbiased) {
  constexpr int64_t kChannels = 200;
  const std::vector<float> scale = testing::numbers(kChannels, 1), in = testing::numbers(kChannels, 2),
                           dy = testing::numbers(kChannels, 3);
  std::vector<double> mean(kChannels), m2(kChannels), rstd(kChannels);
  std::vector<float> running_mean = testing::numbers(kChannels, 4), running_var(kChannels, 1), out(kChannels),
                     dx(kChannels);
  const std::vector<float> before = running_mean;
  for (int64_t c = 0; c < kChannels; ++c) {
    mean[c] = 0.01 * static_cast<double>(c);
    m2[c] = static_cast<double>(c);
  }
  for (const double rows : {1.0, 2.0, 50.0}) {
    running_mean = before;
    running_var.assign(kChannels, 1);
    int64_t batches = 41;
    const RunningArrays running{running_mean.data(), running_var.data(), &batches, 0.1, unbiased};
    EXPECT(batch_norm_settle(mean.data(), m2.data(), {rows, nullptr}, 1e-5, running, kChannels, rstd.data(),
                             nullptr) == 0);
    EXPECT(batches == 42);
    for (int64_t c = 0; c < kChannels; ++c) {
      const double var = m2[c] / (unbiased ? std::max(rows - 1, 1.0) : rows);
      EXPECT_NEAR(running_mean[c], 0.9 * before[c] + 0.1 * mean[c], 1e-6);
      EXPECT_NEAR(running_var[c], 0.9 + 0.1 * var, 1e-5 * (1 + var));
    }
  }
  const ChannelArrays norm{mean.data(), rstd.data(), scale.data(), nullptr};
  EXPECT(batch_norm_apply<float>(in.data(), nullptr, norm, false, out.data(), 1, kChannels, nullptr) == 0);
  EXPECT(batch_norm_input<float>(dy.data(), nullptr, in.data(), norm, nullptr, {0, nullptr}, dx.data(),
                                 nullptr, 1, kChannels, nullptr) == 0);
  for (int64_t c = 0; c < kChannels; ++c) {
    const double a = scale[c] * rstd[c];
    EXPECT_NEAR(out[c], (in[c] - mean[c]) * a, 1e-5 * (1 + std::abs(a)));
    EXPECT_NEAR(dx[c], dy[c] * a, 1e-5 * (1 + std::abs(a)));
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
  running_statistics(false);
  running_statistics(true);
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
