#include "core/evaluate/nearest.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <cfloat>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <vector>

#include "core/vector_clones.h"

namespace simclr {
namespace {

constexpr int64_t kQueries = 1024, kReferences = 16384;  // looked at together, at most
constexpr int64_t kProducts = 1 << 23;                   // held at a time: 32 MiB
constexpr int64_t kNear = 128;                           // references that stay in a cache for all queries
constexpr int kLanes = 8;   // of a sum: what vectors of any machine add up in the same order
constexpr int kAtOnce = 4;  // sums that are made together: each alone waits for its last addition

using Floats = float __attribute__((vector_size(kLanes * sizeof(float))));
using Doubles = double __attribute__((vector_size(kLanes * sizeof(double))));

/// What a sum adds up for each pair of values. Products of floats are exact in double.
struct Product {
  template <class T>
  SIMCLR_INLINE static void add(const T& a, const T& b, T& sum) {
    sum += a * b;
  }
};
struct SquaredDifference {
  template <class T>
  SIMCLR_INLINE static void add(const T& a, const T& b, T& sum) {
    const T difference = a - b;
    sum += difference * difference;
  }
};

SIMCLR_INLINE void widen(const float* from, Doubles& to) {
  Floats values;
  std::memcpy(&values, from, sizeof values);
  to = __builtin_convertvector(values, Doubles);
}

/// Of `a` with each of `rows`; the order of each sum is the same however many there are.
template <class Term, int kRows>
SIMCLR_INLINE void lane_sums(const float* a, const float* const* rows, int64_t dim, double* totals) {
  Doubles sums[kRows] = {};
  int64_t i = 0;
  for (; i + kLanes <= dim; i += kLanes) {
    Doubles x, y;
    widen(a + i, x);
    for (int r = 0; r < kRows; ++r) {
      widen(rows[r] + i, y);
      Term::add(x, y, sums[r]);
    }
  }
  for (int r = 0; r < kRows; ++r) {
    std::array<double, kLanes> lanes;
    std::memcpy(lanes.data(), &sums[r], sizeof sums[r]);
    for (int64_t at = i; at < dim; ++at) Term::add(double{a[at]}, double{rows[r][at]}, lanes[at - i]);
    totals[r] = 0;
    for (const double lane : lanes) totals[r] += lane;
  }
}

template <class Term>
SIMCLR_INLINE void sums_of(const float* a, const float* const* rows, int count, int64_t dim, double* totals) {
  if (count == kAtOnce) return lane_sums<Term, kAtOnce>(a, rows, dim, totals);
  for (int r = 0; r < count; ++r) lane_sums<Term, 1>(a, rows + r, dim, totals + r);
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

/// Products of `a` with each of at most kAtOnce rows.
SIMCLR_VECTOR_CLONES void row_products(const float* a, const float* const* rows, int count, int64_t dim,
                                       double* products) {
  sums_of<Product>(a, rows, count, dim, products);
}

SIMCLR_VECTOR_CLONES void squared_distances(const float* a, const float* const* rows, int count, int64_t dim,
                                            double* distances) {
  sums_of<SquaredDifference>(a, rows, count, dim, distances);
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
      for (int64_t i = begin; i < end; ++i) {
        const float* const itself = row(i);
        row_products(itself, &itself, 1, dim, &norms[i]);
        norms[i] = std::sqrt(norms[i]);
      }
    });
    for (const double norm : norms) largest = std::max(largest, norm);
  }
  const float* row(int64_t i) const { return data + i * dim; }

  const float* data;
  int64_t count, dim;
  std::vector<double> norms;
  double largest = 0;  ///< norm
};

/// For each row the end of the run of rows, one behind the other, that are equal to it bit by bit: one value
/// for each, which no two runs share. What an encoder that has collapsed makes of images are such runs.
std::vector<uint32_t> ends_of_runs(const Rows& rows) {
  std::vector<uint32_t> ends(rows.count);
  const size_t bytes = rows.dim * sizeof(float);
  at::parallel_for(0, rows.count, 256, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const bool goes_on = i + 1 < rows.count && std::memcmp(rows.row(i), rows.row(i + 1), bytes) == 0;
      ends[i] = goes_on ? 0 : static_cast<uint32_t>(i + 1);
    }
  });
  for (int64_t i = rows.count - 2; i >= 0; --i)
    if (ends[i] == 0) ends[i] = ends[i + 1];
  return ends;
}

/// Looks for one query's nearest. A matrix product in float says cheaply which rows cannot be among them;
/// what may be is computed exactly. That is nearly every row where all are as near as the k-th to the
/// product's rounding: so several are computed together, and of rows that are equal one for all.
class Search {
 public:
  Search(const Rows& queries, int64_t query, const Rows& references, const std::vector<uint32_t>& runs,
         Metric metric, int64_t k)
      : row_(queries.row(query)),
        norm_(queries.norms[query]),
        references_(references),
        runs_(runs),
        metric_(metric),
        k_(static_cast<size_t>(k)) {
    found_.reserve(k_);
  }

  /// `products`: with the references from `first` on.
  void look(const float* products, int64_t first, int64_t count) {
    const double* norms = references_.norms.data() + first;
    int64_t i = 0;
    for (; i < count && found_.size() < k_; ++i) {
      const int64_t index = first + i;
      std::array<float, kAtOnce> similar;
      similarities(&index, 1, similar.data());
      add(index, similar[0]);
      if (found_.size() == k_) bound_ = bound();
    }
    while (i < count) {
      std::array<int64_t, kAtOnce> possible;
      int gathered = 0;
      while (gathered < kAtOnce && (i = next_possible(products, norms, i, count, bound_)) < count) {
        // Equal rows are equally near, and of these the first stays: those of a run behind one that was not
        // nearer than the farthest, or is it, are not either.
        const bool is_known = runs_[first + i] == run_ && similarity_ <= found_.front().similarity;
        if (!is_known) possible[gathered++] = first + i;
        i = is_known ? std::min<int64_t>(run_ - first, count) : i + 1;
      }
      if (gathered == 0) return;
      std::array<float, kAtOnce> similar;
      similarities(possible.data(), gathered, similar.data());
      for (int at = 0; at < gathered; ++at) offer(possible[at], similar[at]);
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

  /// In place of the farthest, where it is nearer: of equal ones the first stays.
  void offer(int64_t index, float similarity) {
    run_ = runs_[index];
    similarity_ = similarity;
    if (!(similarity > found_.front().similarity)) return;
    std::pop_heap(found_.begin(), found_.end(), is_nearer);
    found_.pop_back();
    add(index, similarity);
    bound_ = bound();
  }

  /// Of at most kAtOnce references.
  void similarities(const int64_t* indices, int count, float* similar) const {
    std::array<const float*, kAtOnce> rows;
    std::array<double, kAtOnce> sums;
    for (int i = 0; i < count; ++i) rows[i] = references_.row(indices[i]);
    const bool is_cosine = metric_ == Metric::kCosine;
    (is_cosine ? row_products : squared_distances)(row_, rows.data(), count, references_.dim, sums.data());
    for (int i = 0; i < count; ++i) {
      const double norms = norm_ * references_.norms[indices[i]];
      const double cosine = norms == 0 ? 0 : sums[i] / norms;
      similar[i] = static_cast<float>(is_cosine ? cosine : 0 - std::sqrt(sums[i]));
    }
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
  const std::vector<uint32_t>& runs_;
  Metric metric_;
  size_t k_;
  std::vector<Candidate> found_;  ///< a heap whose front is the farthest
  Bound bound_{};                 ///< once there are k
  uint32_t run_ = 0;              ///< of the reference computed last; 0: of none
  float similarity_ = 0;          ///< its
};

}  // namespace

Neighbours nearest(const at::Tensor& queries, const at::Tensor& references, int64_t k, Metric metric) {
  const Rows asked(queries), known(references);
  const std::vector<uint32_t> runs = ends_of_runs(known);
  Neighbours out{at::empty({asked.count, k}, at::kLong), at::empty({asked.count, k}, at::kFloat)};
  const int64_t columns = std::min(known.count, kReferences);
  const int64_t rows = std::clamp<int64_t>(kProducts / std::max(columns, k), 1, kQueries);
  for (int64_t begin = 0; begin < asked.count; begin += rows) {
    const int64_t count = std::min(rows, asked.count - begin);
    std::vector<Search> searches;
    searches.reserve(count);
    for (int64_t i = 0; i < count; ++i) searches.emplace_back(asked, begin + i, known, runs, metric, k);
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
