#include "core/nn/init.h"

#include <ATen/CPUGeneratorImpl.h>

#include <cmath>

namespace simclr {
namespace {

/// A generator of its own for every (seed, name): FNV-1a of the name, then a 64-bit finaliser (splitmix64).
at::Generator generator(uint64_t seed, const std::string& name) {
  uint64_t hash = 0xcbf29ce484222325ull;
  for (const unsigned char byte : name) hash = (hash ^ byte) * 0x100000001b3ull;
  hash += seed * 0x9e3779b97f4a7c15ull;
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9ull;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111ebull;
  return at::make_generator<at::CPUGeneratorImpl>(hash ^ (hash >> 31));
}

/// Normal cut at two standard deviations, by inversion: u uniform in (Phi(-2), Phi(2)), x = sqrt(2) erfinv(2u
/// - 1).
at::Tensor truncated_normal(at::IntArrayRef shape, double stddev, at::Generator gen) {
  const double edge = std::erf(2.0 / std::sqrt(2.0));  // 2 Phi(2) - 1
  const at::Tensor u = at::empty(shape, at::kDouble).uniform_(-edge, edge, std::move(gen));
  return (at::erfinv(u) * (std::sqrt(2.0) * stddev)).to(at::kFloat);
}

}  // namespace

at::Tensor conv_kernel(at::IntArrayRef shape, Convention convention, uint64_t seed, const std::string& name) {
  const int64_t area = shape[2] * shape[3];
  if (convention == Convention::kPaper) {
    // Keras widens the parent so that the truncated distribution has the variance asked for.
    constexpr double truncated_stddev = 0.87962566103423978;
    const double stddev = std::sqrt(1.0 / static_cast<double>(shape[1] * area)) / truncated_stddev;
    return truncated_normal(shape, stddev, generator(seed, name));
  }
  const double stddev = std::sqrt(2.0 / static_cast<double>(shape[0] * area));
  return at::empty(shape, at::kFloat).normal_(0, stddev, generator(seed, name));
}

at::Tensor dense_kernel(int64_t out, int64_t in, Convention convention, uint64_t seed,
                        const std::string& name) {
  const at::Tensor kernel = at::empty({out, in}, at::kFloat);
  if (convention == Convention::kPaper) return kernel.normal_(0, 0.01, generator(seed, name));
  const double bound = 1.0 / std::sqrt(static_cast<double>(in));
  return kernel.uniform_(-bound, bound, generator(seed, name));
}

}  // namespace simclr
