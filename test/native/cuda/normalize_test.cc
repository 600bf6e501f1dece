// Rows divided by their lengths, and gradients on their way back, against plain loops in double.
#include "cuda/loss/normalize_kernels.h"
#include "testing.h"

using namespace simclr::cuda;

namespace {

constexpr float kSmallest = 1e-6f;

void compare(int64_t rows, int dim) {
  std::vector<float> z = testing::numbers(rows * dim, 1), gradient = testing::numbers(rows * dim, 2);
  for (int d = 0; d < dim; ++d) z[d] *= 1e-8f;            // shorter than the smallest: a constant divides it
  if (rows > 2) std::fill_n(z.begin() + dim, dim, 0.0f);  // and so with zeros
  const std::vector<float> given = gradient;
  std::vector<float> unit(rows * dim, NAN), norms(rows, NAN);
  EXPECT(unit_rows(z.data(), rows, dim, kSmallest, unit.data(), norms.data(), nullptr) == cudaSuccess);
  EXPECT(unit_rows_backward(unit.data(), norms.data(), rows, dim, kSmallest, gradient.data(), nullptr) ==
         cudaSuccess);
  for (int64_t i = 0; i < rows; ++i) {
    double squares = 0;
    for (int d = 0; d < dim; ++d) squares += std::pow(static_cast<double>(z[i * dim + d]), 2);
    const bool clamped = std::sqrt(squares) <= kSmallest;
    const double norm = clamped ? kSmallest : std::sqrt(squares);
    EXPECT_NEAR(norms[i], norm, 1e-6 * norm);
    double along = 0;
    for (int d = 0; d < dim; ++d) along += given[i * dim + d] * z[i * dim + d] / norm;
    for (int d = 0; d < dim; ++d) {
      const double u = z[i * dim + d] / norm;
      EXPECT_NEAR(unit[i * dim + d], u, 1e-6);
      const double g = (given[i * dim + d] - (clamped ? 0 : u * along)) / norm;
      EXPECT_NEAR(gradient[i * dim + d], g, 1e-5 * (1 + 1 / norm));
    }
  }
}

}  // namespace

int main() {
  for (const int64_t rows : {1, 8, 21})
    for (const int dim : {1, 31, 40, 128}) compare(rows, dim);
  std::printf("ok\n");
}
