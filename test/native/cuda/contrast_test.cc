// NT-Xent's kernels on the host executor against a double loop over all pairs.
#include "cuda/loss/contrast_kernels.h"
#include "testing.h"

using namespace simclr::cuda;

namespace {

struct Expected {
  std::vector<double> loss, hit, entropy, gradient;
};

/// Equation 1 of the paper, pair by pair, for the own images of a member that has [first, first + count).
Expected plainly(const std::vector<float>& z, int64_t images, int dim, int64_t first, int64_t count,
                 double t) {
  const int64_t rows = 2 * images;
  std::vector<double> s(rows * rows), sum(rows);
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < rows; ++j) {
      for (int d = 0; d < dim; ++d) s[i * rows + j] += static_cast<double>(z[i * dim + d]) * z[j * dim + d];
      if (i != j) sum[i] += std::exp((s[i * rows + j] - 1) / t);
    }
  }
  Expected out;
  for (int64_t own = 0; own < 2 * count; ++own) {
    const int64_t i = own < count ? first + own : images + first + own - count;
    const int64_t p = i < images ? i + images : i - images;
    out.loss.push_back(std::log(sum[i]) + (1 - s[i * rows + p]) / t);
    std::vector<double> g(dim);
    for (int64_t j = 0; j < rows; ++j) {
      if (j == i) continue;
      const double e = std::exp((s[i * rows + j] - 1) / t);
      const double weight = e / sum[i] + e / sum[j] - (j == p ? 2 : 0);
      for (int d = 0; d < dim; ++d) g[d] += weight * z[j * dim + d];
    }
    out.gradient.insert(out.gradient.end(), g.begin(), g.end());
    if (own >= count) continue;
    double total = 0, entropy = 0;
    int64_t best = images;
    for (int64_t j = images; j < rows; ++j) {
      total += std::exp((s[i * rows + j] - 1) / t);
      if (s[i * rows + j] > s[i * rows + best]) best = j;
    }
    for (int64_t j = images; j < rows; ++j) {
      const double q = std::exp((s[i * rows + j] - 1) / t) / total;
      entropy -= q * std::log(q);
    }
    out.hit.push_back(best == p);
    out.entropy.push_back(entropy);
  }
  return out;
}

/// Unit rows that halves hold exactly, so that what is compared is the kernels and not the rounding of
/// inputs.
std::vector<float> unit_rows(int64_t rows, int dim, float likeness) {
  std::vector<float> z = testing::numbers(rows * dim, 11);
  for (int64_t i = 0; i < rows; ++i) {
    float norm = 0;
    // Second views are like their first ones.
    if (i >= rows / 2)
      for (int d = 0; d < dim; ++d) z[i * dim + d] += likeness * z[(i - rows / 2) * dim + d];
    for (int d = 0; d < dim; ++d) norm += z[i * dim + d] * z[i * dim + d];
    for (int d = 0; d < dim; ++d)
      z[i * dim + d] = to_float(from_float<Half>(z[i * dim + d] / std::sqrt(norm)));
  }
  return z;
}

void compare(int64_t images, int dim, int64_t first, int64_t count, float t, float likeness) {
  const std::vector<float> z = unit_rows(2 * images, dim, likeness);
  const int padding = contrast_padding(dim);
  // Nothing behind the arrays: AddressSanitizer sees what is read beyond them.
  std::vector<Half> halves(2 * images * padding);
  EXPECT(contrast_halves(z.data(), 2 * images, dim, padding, halves.data(), nullptr) == cudaSuccess);
  const ContrastSizes all{images, images, nullptr, padding, t};
  const int64_t zero = 0;
  const auto sums_of = [&](ContrastSizes sizes, std::vector<float>(&out)[5]) {
    for (auto& values : out) values.assign(2 * sizes.count, NAN);
    const ContrastSums sums{out[0].data(), out[1].data(), out[2].data(), out[3].data(), out[4].data()};
    EXPECT(contrast_sums(halves.data(), sizes, sums, nullptr) == cudaSuccess);
  };
  ContrastSizes own = all, everybody = all;
  everybody.first = &zero;
  own.first = &first;
  own.count = count;
  std::vector<float> out[5], others[5];
  sums_of(own, out);
  sums_of(everybody, others);  // what the group's gather would bring
  std::vector<float> gradient(2 * count * dim, NAN);
  EXPECT(contrast_gradient(halves.data(), z.data(), dim, own, others[3].data(), out[4].data(),
                           gradient.data(), nullptr) == cudaSuccess);

  const Expected expected = plainly(z, images, dim, first, count, t);
  for (int64_t i = 0; i < 2 * count; ++i) EXPECT_NEAR(out[0][i], expected.loss[i], 1e-4 / t);
  for (int64_t i = 0; i < count; ++i) {
    EXPECT_NEAR(out[1][i], expected.hit[i], 0);
    EXPECT_NEAR(out[2][i], expected.entropy[i], 1e-3);
  }
  for (size_t i = 0; i < gradient.size(); ++i) EXPECT_NEAR(gradient[i], expected.gradient[i], 1e-3);
}

/// All rows alike: ln(2B - 1) exactly, no gradient, and the first of equals is the most similar.
void identical(int64_t images) {
  std::vector<float> z(2 * images * 32);
  for (int64_t i = 0; i < 2 * images; ++i) z[i * 32] = 1;
  std::vector<Half> halves(z.size());
  EXPECT(contrast_halves(z.data(), 2 * images, 32, 32, halves.data(), nullptr) == cudaSuccess);
  const int64_t zero = 0;
  std::vector<float> out[5];
  for (auto& values : out) values.resize(2 * images);
  EXPECT(contrast_sums(halves.data(), {images, images, &zero, 32, 0.1f},
                       {out[0].data(), out[1].data(), out[2].data(), out[3].data(), out[4].data()},
                       nullptr) == cudaSuccess);
  for (int64_t i = 0; i < 2 * images; ++i) {
    EXPECT_NEAR(out[0][i], std::log(2.0 * images - 1), 1e-6);
    if (i < images) EXPECT_NEAR(out[1][i], i == 0 ? 1 : 0, 0);
  }
}

}  // namespace

int main() {
  compare(1, 32, 0, 1, 0.5f, 1);       // one image: loss 0
  compare(5, 20, 0, 5, 0.1f, 1);       // rows that are padded
  compare(64, 32, 0, 64, 0.5f, 0.3f);  // a whole tile
  compare(70, 64, 0, 70, 0.07f, 2);    // one tile and a bit
  compare(150, 32, 0, 150, 1, 0);      // more than a strip
  compare(90, 128, 33, 41, 0.2f, 1);   // a member of a group
  compare(40, 100, 0, 40, 0.024f, 3);  // the lowest temperature
  identical(9);
  EXPECT(contrast_padding(128) == 128 && contrast_padding(129) == 0 && contrast_padding(33) == 64);
  std::printf("ok\n");
}
