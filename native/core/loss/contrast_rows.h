// What the tiles add up for each row, and what becomes of it.
#pragma once

#include <ATen/ATen.h>

#include <cmath>
#include <limits>
#include <vector>

#include "core/dist/group.h"
#include "core/loss/contrast.h"
#include "core/loss/tile_math.h"
#include "core/loss/tile_schedule.h"

namespace simclr {

/// Arrays over all rows; a strip's rows begin at `slot(strip)`, padded to whole tiles, so that vector code
/// may run over a strip's end. Only own rows are filled, until `exchange`.
template <class T>
class ContrastRows {
 public:
  static constexpr T kLowest = -std::numeric_limits<T>::infinity();

  std::vector<T> shift;        ///< m_i
  std::vector<double> sum;     ///< q_i
  std::vector<T> inverse_sum;  ///< mean over partners of 1 / r_ip
  std::vector<T> pair_shift;   ///< first views: the same three over second views only
  std::vector<double> pair_sum;
  std::vector<T> pair_inverse_sum;
  std::vector<T> best;  ///< largest similarity to another image's second view, and that image
  std::vector<int64_t> best_image;
  std::vector<double> entropy;

  /// `one_shift`: every row's shift is 1, the largest possible similarity; otherwise running maxima.
  ContrastRows(const std::vector<Strip>& strips, int64_t views, int64_t tile, double temperature,
               bool one_shift)
      : strips_(strips),
        views_(views),
        tile_(tile),
        inverse_temperature_(1 / temperature),
        one_shift_(one_shift) {
    const size_t size = strips.size() * tile;
    for (auto* values : {&partner_, &rest_}) values->assign(size * views, 0);
    for (auto* values : {&inverse_sum, &pair_inverse_sum}) values->assign(size, 0);
    for (auto* values : {&sum, &pair_sum, &entropy}) values->assign(size, 0);
    for (auto* values : {&shift, &pair_shift}) values->assign(size, one_shift ? 1 : 0);
    best.assign(size, kLowest);
    best_image.assign(size, std::numeric_limits<int64_t>::max());
    if (one_shift) return;
    for (size_t u = 0; u < strips_.size(); ++u) {
      std::fill_n(shift.begin() + slot(u), strips_[u].rows, kLowest);
      std::fill_n(pair_shift.begin() + slot(u), strips_[u].rows, kLowest);
    }
  }

  int64_t slot(int64_t strip) const { return strip * tile_; }
  int64_t view(int64_t strip) const { return strip / (static_cast<int64_t>(strips_.size()) / views_); }

  /// s_ip and R_ip of a row and its image's view `view`.
  T& partner(int64_t row, int64_t view) { return partner_[row * views_ + view]; }
  T& rest(int64_t row, int64_t view) { return rest_[row * views_ + view]; }

  /// Ends the sums: partners join them, the softmaxes' two numbers get their final values. Returns the own
  /// rows' losses and hits, added up.
  std::pair<double, double> finish_sums() {
    double losses = 0, hits = 0;
    each_own([&](const Strip& strip, int64_t u, int64_t row) {
      const int64_t view = this->view(u), partners = views_ - 1;
      if (!one_shift_) {
        T farthest = partner(row, view == 0 ? 1 : 0);
        for (int64_t p = 0; p < views_; ++p)
          if (p != view && partner(row, p) < farthest) farthest = partner(row, p);
        raise(shift[row], sum[row], farthest);
      }
      double loss = 0, inverse = 0;
      for (int64_t p = 0; p < views_; ++p) {
        if (p == view) continue;
        const double s = partner(row, p);
        const double own = std::exp((s - shift[row]) * inverse_temperature_);
        const double total = sum[row] + own;
        loss += sum[row] <= own ? std::log1p(sum[row] / own)
                                : std::log(total) + (shift[row] - s) * inverse_temperature_;
        inverse += 1 / total;
        rest(row, p) = static_cast<T>(sum[row] / total / partners);
      }
      losses += loss / partners;
      inverse_sum[row] = static_cast<T>(inverse / partners);
      if (view != 0) return;
      const double s = partner(row, 1);
      const int64_t image = strip.image + row - slot(u);
      hits += s > best[row] || (s == best[row] && image < best_image[row]);
      if (!one_shift_) raise(pair_shift[row], pair_sum[row], partner(row, 1));
      const double pair_own = std::exp((s - pair_shift[row]) * inverse_temperature_);
      const double pair_total = pair_sum[row] + pair_own;
      pair_inverse_sum[row] = static_cast<T>(1 / pair_total);
      const double p = pair_own / pair_total;
      entropy[row] = -p * std::log(p + 1e-8);
    });
    return {losses, hits};
  }

  double total_entropy() const {
    double total = 0;
    each_own([&](const Strip&, int64_t, int64_t row) { total += entropy[row]; });
    return total;
  }

  /// Everybody's shifts and inverse sums: all that the gradient needs of rows that are not its own.
  void exchange(const BatchPart& part, const at::TensorOptions& options, Group& group) {
    const int64_t columns = 2 * views_;
    at::Tensor own = at::empty({part.count, columns}, options);
    T* out = own.data_ptr<T>();
    each_own([&](const Strip& strip, int64_t u, int64_t row) {
      T* to = out + (strip.image + row - slot(u) - part.first) * columns + 2 * view(u);
      to[0] = shift[row];
      to[1] = inverse_sum[row];
    });
    const at::Tensor all = group.gather_images(own).rows.contiguous();
    const T* in = all.data_ptr<T>();
    for (size_t u = 0; u < strips_.size(); ++u) {
      for (int64_t i = 0; i < strips_[u].rows; ++i) {
        const T* from = in + (strips_[u].image + i) * columns + 2 * view(static_cast<int64_t>(u));
        shift[slot(u) + i] = from[0];
        inverse_sum[slot(u) + i] = from[1];
      }
    }
  }

 private:
  const std::vector<Strip>& strips_;
  const int64_t views_;
  const int64_t tile_;
  const double inverse_temperature_;
  const bool one_shift_;
  std::vector<T> partner_, rest_;  // by row, by view

  template <class Work>
  void each_own(const Work& work) const {
    for (size_t u = 0; u < strips_.size(); ++u) {
      if (!strips_[u].own) continue;
      for (int64_t i = 0; i < strips_[u].rows; ++i) work(strips_[u], u, slot(u) + i);
    }
  }

  void raise(T& shift, double& sum, T candidate) const {
    if (!(candidate > shift)) return;
    sum *= std::exp((static_cast<double>(shift) - candidate) * inverse_temperature_);
    shift = candidate;
  }
};

}  // namespace simclr
