#include "core/evaluate/nearest.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <cfloat>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "core/vector_clones.h"

namespace simclr {
namespace {

constexpr int64_t kQueries = 1024, kReferences = 16384;  // looked at together, at most
constexpr int64_t kProducts = 1 << 23;                   // held at a time: 32 MiB
constexpr int64_t kNear = 128;                           // references that stay in a cache for all queries
constexpr int kLanes = 8;  // of a sum: what vectors of any machine add up in the same order

/// What a sum adds up for each pair of values. Products of floats are exact in double.
struct Product {
  SIMCLR_INLINE static double of(double a, double b) { return a * b; }
};
struct SquaredDifference {
  SIMCLR_INLINE static double of(double a, double b) { return (a - b) * (a - b); }
};

template <class Term>
SIMCLR_INLINE double lane_sum(const float* a, const float* b, int64_t dim) {
  std::array<double, kLanes> sums{};
  int64_t i = 0;
  for (; i + kLanes <= dim; i += kLanes) {
    for (int lane = 0; lane < kLanes; ++lane) sums[lane] += Term::of(a[i + lane], b[i + lane]);
  }
  for (int lane = 0; i < dim; ++i, ++lane) sums[lane] += Term::of(a[i], b[i]);
  double total = 0;
  for (const double sum : sums) total += sum;
  return total;
}

/// A product below constant + linear |b| + quadratic |b|^2 is of a row b that is too far away.
struct Bound {
  double constant, linear, quadratic;

  SIMCLR_INLINE bool excludes(float product, double norm) const {
    return product < constant + norm * (linear + norm * quadratic);
  }
};

struct Candidate {
  float similarity;
  uint32_t index;
};

bool is_nearer(const Candidate& a, const Candidate& b) {
  return a.similarity > b.similarity || (a.similarity == b.similarity && a.index < b.index);
}

}  // namespace

// Outside, as target_clones cannot be put on what only this file sees.

SIMCLR_VECTOR_CLONES double row_product(const float* a, const float* b, int64_t dim) {
  return lane_sum<Product>(a, b, dim);
}

SIMCLR_VECTOR_CLONES double row_distance(const float* a, const float* b, int64_t dim) {
  return std::sqrt(lane_sum<SquaredDifference>(a, b, dim));
}

/// The first row from `i` on that `bound` does not exclude; `count` where it excludes all.
SIMCLR_VECTOR_CLONES int64_t next_possible(const float* products, const double* norms, int64_t i,
                                           int64_t count, const Bound& bound) {
  for (; i + kLanes <= count; i += kLanes) {
    int excluded = 0;
    for (int lane = 0; lane < kLanes; ++lane) excluded += bound.excludes(products[i + lane], norms[i + lane]);
    if (excluded < kLanes) break;
  }
  while (i < count && bound.excludes(products[i], norms[i])) ++i;
  return i;
}

namespace {

/// Rows with their Euclidean norms.
struct Rows {
  explicit Rows(const at::Tensor& rows)
      : data(rows.const_data_ptr<float>()), count(rows.size(0)), dim(rows.size(1)), norms(count) {
    at::parallel_for(0, count, 256, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) norms[i] = std::sqrt(row_product(row(i), row(i), dim));
    });
    for (const double norm : norms) largest = std::max(largest, norm);
  }
  const float* row(int64_t i) const { return data + i * dim; }

  const float* data;
  int64_t count, dim;
  std::vector<double> norms;
  double largest = 0;  ///< norm
};

/// Looks for one query's nearest. A matrix product in float says cheaply which rows cannot be among them;
/// what may be is computed exactly.
class Search {
 public:
  Search(const Rows& queries, int64_t query, const Rows& references, Metric metric, int64_t k)
      : row_(queries.row(query)),
        norm_(queries.norms[query]),
        references_(references),
        metric_(metric),
        k_(static_cast<size_t>(k)) {
    found_.reserve(k_);
  }

  /// `products`: with the references from `first` on.
  void look(const float* products, int64_t first, int64_t count) {
    const double* norms = references_.norms.data() + first;
    int64_t i = 0;
    for (; i < count && found_.size() < k_; ++i) {
      add(first + i, similarity(first + i));
      if (found_.size() == k_) bound_ = bound();
    }
    for (;; ++i) {
      i = next_possible(products, norms, i, count, bound_);
      if (i >= count) return;
      const float similar = similarity(first + i);
      if (!(similar > found_.front().similarity)) continue;  // of equal ones the first stays
      std::pop_heap(found_.begin(), found_.end(), is_nearer);
      found_.pop_back();
      add(first + i, similar);
      bound_ = bound();
    }
  }

  void write(int64_t* indices, float* similarities) {
    std::sort_heap(found_.begin(), found_.end(), is_nearer);
    for (const Candidate& candidate : found_) {
      *indices++ = candidate.index;
      *similarities++ = candidate.similarity;
    }
  }

 private:
  void add(int64_t index, float similarity) {
    found_.push_back({similarity, static_cast<uint32_t>(index)});
    std::push_heap(found_.begin(), found_.end(), is_nearer);
  }

  float similarity(int64_t index) const {
    const float* other = references_.row(index);
    if (metric_ == Metric::kEuclidean)
      return static_cast<float>(0 - row_distance(row_, other, references_.dim));
    const double norms = norm_ * references_.norms[index];
    return norms == 0 ? 0.0F : static_cast<float>(row_product(row_, other, references_.dim) / norms);
  }

  /// |fl(a.b) - a.b| <= n u |a||b| / (1 - n u) in whatever order the sum is made (Higham 2002, section 3.1).
  /// Twice that is allowed for, and what underflow takes. Where a product may overflow none says anything.
  Bound bound() const {
    constexpr double unit = FLT_EPSILON;   // 2 u
    constexpr double rounding = 4 * unit;  // of similarities to float
    if (norm_ * references_.largest > FLT_MAX / 2) return {-std::numeric_limits<double>::infinity(), 0, 0};
    const double dim = static_cast<double>(references_.dim);
    const double error = (dim + 1) * unit * norm_, underflow = dim * FLT_MIN;
    const double farthest = found_.front().similarity;
    if (metric_ == Metric::kCosine) return {-underflow, (farthest - rounding) * norm_ - error, 0};
    // |a - b|^2 = |a|^2 + |b|^2 - 2 a.b
    const double most = farthest * farthest * (1 + rounding);
    return {(norm_ * norm_ - most) / 2 - underflow, -error, 0.5};
  }

  const float* row_;
  double norm_;
  const Rows& references_;
  Metric metric_;
  size_t k_;
  std::vector<Candidate> found_;  ///< a heap whose front is the farthest
  Bound bound_{};                 ///< once there are k
};

}  // namespace

Neighbours nearest(const at::Tensor& queries, const at::Tensor& references, int64_t k, Metric metric) {
  const Rows asked(queries), known(references);
  Neighbours out{at::empty({asked.count, k}, at::kLong), at::empty({asked.count, k}, at::kFloat)};
  const int64_t columns = std::min(known.count, kReferences);
  const int64_t rows = std::clamp<int64_t>(kProducts / std::max(columns, k), 1, kQueries);
  for (int64_t begin = 0; begin < asked.count; begin += rows) {
    const int64_t count = std::min(rows, asked.count - begin);
    std::vector<Search> searches;
    searches.reserve(count);
    for (int64_t i = 0; i < count; ++i) searches.emplace_back(asked, begin + i, known, metric, k);
    const at::Tensor block = queries.narrow(0, begin, count);
    for (int64_t first = 0; first < known.count; first += columns) {
      const int64_t width = std::min(columns, known.count - first);
      const at::Tensor products = block.mm(references.narrow(0, first, width).t());
      const float* values = products.const_data_ptr<float>();
      at::parallel_for(0, count, 1, [&](int64_t from, int64_t to) {
        for (int64_t at = 0; at < width; at += kNear) {
          const int64_t near = std::min(kNear, width - at);
          for (int64_t i = from; i < to; ++i) searches[i].look(values + i * width + at, first + at, near);
        }
      });
    }
    int64_t* indices = out.indices.mutable_data_ptr<int64_t>() + begin * k;
    float* similarities = out.similarities.mutable_data_ptr<float>() + begin * k;
    for (int64_t i = 0; i < count; ++i) searches[i].write(indices + i * k, similarities + i * k);
  }
  return out;
}

}  // namespace simclr
