// Shrinking: every instruction set's bits, beside the kernel's formula in doubles and whole numbers.
#include "core/image/shrink.h"

#include <algorithm>
#include <cstring>

#include "testing.h"

namespace {

using simclr::ImageSize;
using simclr::Reduced;

constexpr int kSteps = 1 << 14;

/// Keys 1981, eq. 4 with a = -0.5.
double keys(double x) {
  x = std::abs(x);
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0;
}

/// Steps of all `in` pixels for output pixel `i`.
std::vector<int64_t> steps(double scale, int in, int i) {
  const double center = (i + 0.5) * scale, widen = std::max(1.0, scale);
  std::vector<double> weights(in);
  double sum = 0;
  for (int j = 0; j < in; ++j) sum += weights[j] = keys((j + 0.5 - center) / widen);
  std::vector<int64_t> out(in);
  int64_t rest = kSteps;
  for (int j = 0; j < in; ++j) rest -= out[j] = std::llround(weights[j] / sum * kSteps);
  *std::max_element(out.begin(), out.end()) += rest;
  return out;
}

uint8_t level(int64_t sum) {
  return static_cast<uint8_t>(std::clamp<int64_t>((sum + kSteps / 2) >> 14, 0, 255));
}

std::vector<uint8_t> plainly(const Reduced& image, ImageSize size) {
  const auto& [data, width, height, channels, stride] = image.pixels;
  const double down = 1.0 * image.whole.height / image.by / size.height;
  const double across = 1.0 * image.whole.width / image.by / size.width;
  std::vector<uint8_t> rows(size_t(size.height) * width * channels);
  for (int y = 0; y < size.height; ++y) {
    const auto weights = steps(down, height, y);
    for (int x = 0; x < width * channels; ++x) {
      int64_t sum = 0;
      for (int k = 0; k < height; ++k) sum += weights[k] * data[k * stride + x];
      rows[size_t(y) * width * channels + x] = level(sum);
    }
  }
  std::vector<uint8_t> out(size_t(size.width) * size.height * channels);
  for (int x = 0; x < size.width; ++x) {
    const auto weights = steps(across, width, x);
    for (int y = 0; y < size.height; ++y) {
      for (int c = 0; c < channels; ++c) {
        int64_t sum = 0;
        for (int k = 0; k < width; ++k) sum += weights[k] * rows[(size_t(y) * width + k) * channels + c];
        out[(size_t(y) * size.width + x) * channels + c] = level(sum);
      }
    }
  }
  return out;
}

/// `by`: the pixels are the image at one over it.
void check(ImageSize whole, int by, int channels, ImageSize size) {
  const int width = (whole.width + by - 1) / by, height = (whole.height + by - 1) / by;
  const size_t values = size_t(width) * height * channels;
  std::vector<uint8_t> bytes(values);
  // Noise with both ends of the scale: kernels overshoot there.
  const std::vector<float> noise = testing::numbers(values, whole.width + channels);
  for (size_t i = 0; i < values; ++i)
    bytes[i] = static_cast<uint8_t>(std::clamp(128 + 200 * noise[i], 0.0f, 255.0f));
  const Reduced image{{bytes.data(), width, height, channels, int64_t{width} * channels}, whole, by};
  const std::vector<uint8_t> due = plainly(image, size);
  const simclr::Pixels first = simclr::shrink(image, size);
  EXPECT(first.width == size.width && first.height == size.height && first.channels == channels);
  int apart = 0;
  for (size_t i = 0; i < due.size(); ++i) {
    // A weight that lies between two steps may be rounded the other way in floats.
    EXPECT_NEAR(first.data[i], due[i], 1);
    apart += first.data[i] != due[i];
  }
  EXPECT(apart <= static_cast<int>(due.size()) / 100);
  std::vector<uint8_t> again(due.size());
  for (const simclr::ShrinkPath& path : simclr::shrink_paths()) {
    std::fill(again.begin(), again.end(), 7);
    path.run(image, size, again.data());
    EXPECT(std::memcmp(again.data(), first.data.get(), again.size()) == 0);
  }
}

}  // namespace

int main() {
  for (const int channels : {1, 3}) {
    check({90, 70}, 1, channels, {86, 67});
    check({200, 131}, 1, channels, {100, 66});
    check({333, 217}, 1, channels, {37, 24});
    check({333, 217}, 4, channels, {61, 40});
    check({130, 301}, 8, channels, {16, 37});
    check({5, 300}, 1, channels, {2, 120});
  }
  const std::vector<uint8_t> flat(300 * 200, 253);
  const simclr::Pixels same = simclr::shrink({{flat.data(), 300, 200, 1, 300}, {300, 200}, 1}, {97, 64});
  EXPECT(std::all_of(same.data.get(), same.data.get() + same.bytes(), [](uint8_t x) { return x == 253; }));

  const auto shrunk = [](ImageSize from, int side, ImageSize due) {
    const ImageSize to = simclr::shrunk_size(from, side);
    EXPECT(to.width == due.width && to.height == due.height);
  };
  shrunk({500, 375}, 64, {85, 64});
  shrunk({375, 500}, 64, {64, 85});
  shrunk({500, 375}, 375, {500, 375});
  shrunk({500, 375}, 400, {500, 375});
  shrunk({500, 375}, 0, {500, 375});
  std::printf("%zu\n", simclr::shrink_paths().size());
}
