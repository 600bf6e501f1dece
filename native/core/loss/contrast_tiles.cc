#include <ATen/Parallel.h>
#include <ATen/core/LegacyTypeDispatch.h>

#include "core/loss/contrast.h"
#include "core/loss/contrast_rows.h"
#include "core/loss/tile_math.h"
#include "core/loss/tile_schedule.h"
#include "core/machine/own_threads.h"

namespace simclr {
namespace {

// Below this temperature exp((s - 1) / t) leaves float's normal range: 2 / t > 87.
constexpr double kLowestOneShiftTemperature = 0.024;
constexpr int64_t kLanes = 16;
constexpr int64_t kThreadWork = 1 << 20;  // multiplications that are worth waking a thread for

/// Depends on the batch alone, never on threads: it fixes the order of additions. Eight strips and more, so
/// that small batches have work for several cores.
int64_t tile_size(int64_t images) {
  return std::clamp((images / 4 + kLanes - 1) / kLanes * kLanes, kLanes, kLargestTile);
}

template <class T>
class Tiles {
 public:
  Tiles(const at::Tensor& z, const BatchPart& part, const ContrastOptions& options)
      : part_(part),
        inverse_temperature_(1 / options.temperature),
        one_shift_(options.unit_length && options.temperature >= kLowestOneShiftTemperature),
        alone_(part.count == part.images),
        views_(options.views),
        size_(tile_size(part.images)),
        grain_(std::max<int64_t>(1, kThreadWork / (size_ * size_ * z.size(1)))),
        strips_(make_strips(part.images, part.first, part.count, size_, views_)),
        rows_(strips_, views_, size_, options.temperature, one_shift_) {
    for (const Strip& strip : strips_) z_.push_back(z.narrow(0, strip.begin, strip.rows));
    for (int thread = 0; thread < at::get_num_threads(); ++thread)
      buffers_.push_back(at::empty({size_, size_}, z.options()));
  }

  ContrastResult run(bool with_gradient, Group& group) {
    visit([this](int64_t u, int64_t v) { add_sums(u, v); });
    const auto [losses, hits] = rows_.finish_sums();
    ContrastResult result;
    if (with_gradient) {
      if (!alone_) rows_.exchange(part_, z_[0].options(), group);
      result.gradient = at::zeros({views_ * part_.count, z_[0].size(1)}, z_[0].options());
      for (size_t u = 0; u < strips_.size(); ++u) {
        const Strip& strip = strips_[u];
        const int64_t row = strip.image - part_.first + rows_.view(static_cast<int64_t>(u)) * part_.count;
        gradients_.push_back(strip.own ? result.gradient.narrow(0, row, strip.rows) : at::Tensor());
      }
      visit([this](int64_t u, int64_t v) { add_gradient(u, v); });
    } else {
      parallel(of_view(), [this](int64_t u) {
        for (int64_t v = of_view(); strips_[u].own && v < 2 * of_view(); ++v)
          add_entropy(u, v, similarities(u, v));
      });
    }
    result.totals = at::empty({3}, z_[0].options());
    T* totals = result.totals.template data_ptr<T>();
    totals[0] = static_cast<T>(losses);
    totals[1] = static_cast<T>(hits);
    totals[2] = static_cast<T>(rows_.total_entropy());
    return result;
  }

 private:
  int64_t of_view() const { return static_cast<int64_t>(strips_.size()) / views_; }
  /// First views in the rows, second views in the columns: what accuracy and entropy look at.
  bool contrasts(int64_t u, int64_t v) const { return rows_.view(u) == 0 && rows_.view(v) == 1; }
  bool same_images(int64_t u, int64_t v) const { return u % of_view() == v % of_view(); }

  /// Calls `work(u, v)` for every tile that has own rows. A member alone sees the upper triangle only, and
  /// work serves rows and columns; otherwise it sees all columns, and work serves rows.
  template <class Work>
  void visit(const Work& work) const {
    const auto count = static_cast<int64_t>(strips_.size());
    if (!alone_) {
      parallel(count, [&](int64_t u) {
        for (int64_t v = 0; strips_[u].own && v < count; ++v) work(u, v);
      });
      return;
    }
    parallel(count, [&](int64_t u) { work(u, u); });
    for (int64_t phase = 0; phase < round_robin_phases(count); ++phase) {
      const auto pairs = round_robin(count, phase);
      parallel(static_cast<int64_t>(pairs.size()), [&](int64_t i) { work(pairs[i].first, pairs[i].second); });
    }
  }

  /// Every product is one thread's: BLAS may add in another order with several, as it would where too few
  /// items are left to wake the others for.
  template <class Work>
  void parallel(int64_t count, const Work& work) const {
    const auto some = [&](int64_t begin, int64_t end) {
      const at::AutoDispatchBelowADInplaceOrView no_autograd;
      for (int64_t i = begin; i < end; ++i) work(i);
    };
    if (count > grain_ || at::get_num_threads() == 1) return at::parallel_for(0, count, grain_, some);
    const OwnThreads one(1);
    some(0, count);
  }

  at::Tensor buffer(int64_t u, int64_t v) const {
    return buffers_[at::get_thread_num()].narrow(0, 0, strips_[u].rows).narrow(1, 0, strips_[v].rows);
  }

  /// z_u z_vᵀ in this thread's buffer, with -inf for self, partners and padding.
  Tile<T> similarities(int64_t u, int64_t v) {
    at::Tensor out = buffer(u, v);
    at::mm_out(out, z_[u], z_[v].t());
    const int64_t columns = strips_[v].rows;
    const Tile<T> tile{out.data_ptr<T>(), size_, strips_[u].rows, (columns + kLanes - 1) / kLanes * kLanes};
    for (int64_t i = 0; i < tile.rows; ++i)
      std::fill(tile.data + i * size_ + columns, tile.data + i * size_ + tile.columns, rows_.kLowest);
    if (same_images(u, v)) {
      for (int64_t i = 0; i < tile.rows; ++i) {
        T& s = tile.data[i * size_ + i];
        if (u != v) rows_.partner(rows_.slot(u) + i, rows_.view(v)) = s;
        if (u != v && alone_) rows_.partner(rows_.slot(v) + i, rows_.view(u)) = s;
        s = rows_.kLowest;
      }
    }
    return tile;
  }

  void add_sums(int64_t u, int64_t v) {
    const Tile<T> tile = similarities(u, v);
    const int64_t row = rows_.slot(u), column = rows_.slot(v);
    const bool both = alone_ && u != v;
    if (one_shift_) {
      double sums[kLargestTile] = {};
      exp_sums(tile, inverse_temperature_, 1, sums, both ? &rows_.sum[column] : nullptr);
      for (int64_t i = 0; i < tile.rows; ++i) {
        rows_.sum[row + i] += sums[i];
        if (contrasts(u, v)) rows_.pair_sum[row + i] += sums[i];
      }
    } else {
      const RunningSum<T> nothing{nullptr, nullptr};
      exp_sums(tile, inverse_temperature_, {&rows_.shift[row], &rows_.sum[row]},
               both ? RunningSum<T>{&rows_.shift[column], &rows_.sum[column]} : nothing);
      if (contrasts(u, v))
        exp_sums(tile, inverse_temperature_, {&rows_.pair_shift[row], &rows_.pair_sum[row]}, nothing);
    }
    if (contrasts(u, v)) row_maxima(tile, strips_[v].image, &rows_.best[row], &rows_.best_image[row]);
  }

  void add_entropy(int64_t u, int64_t v, const Tile<T>& tile) {
    const int64_t row = rows_.slot(u);
    simclr::add_entropy(tile, inverse_temperature_, {&rows_.pair_shift[row], &rows_.pair_inverse_sum[row]},
                        &rows_.entropy[row]);
  }

  void add_gradient(int64_t u, int64_t v) {
    const Tile<T> tile = similarities(u, v);
    const int64_t row = rows_.slot(u), column = rows_.slot(v);
    if (contrasts(u, v)) add_entropy(u, v, tile);
    coefficients(tile, inverse_temperature_, one_shift_, {&rows_.shift[row], &rows_.inverse_sum[row]},
                 {&rows_.shift[column], &rows_.inverse_sum[column]});
    if (u != v && same_images(u, v)) {
      for (int64_t i = 0; i < tile.rows; ++i)
        tile.data[i * size_ + i] =
            -(rows_.rest(row + i, rows_.view(v)) + rows_.rest(column + i, rows_.view(u)));
    }
    const at::Tensor weights = buffer(u, v);
    gradients_[u].addmm_(weights, z_[v]);
    if (alone_ && u != v) gradients_[v].addmm_(weights.t(), z_[u]);
  }

  const BatchPart part_;
  const double inverse_temperature_;
  const bool one_shift_;
  const bool alone_;
  const int64_t views_;
  const int64_t size_;
  const int64_t grain_;  // tiles
  const std::vector<Strip> strips_;
  ContrastRows<T> rows_;
  std::vector<at::Tensor> z_;          // by strip
  std::vector<at::Tensor> gradients_;  // by strip; undefined where not own
  std::vector<at::Tensor> buffers_;    // by thread
};

}  // namespace

ContrastResult contrast_tiles(const at::Tensor& z, const BatchPart& part, const ContrastOptions& options,
                              Group& group) {
  return AT_DISPATCH_FLOATING_TYPES(z.scalar_type(), "contrast_tiles", [&] {
    return Tiles<scalar_t>(z.contiguous(), part, options).run(options.gradient, group);
  });
}

}  // namespace simclr
