#include <limits>
#include <vector>

#include "core/loss/contrast.h"

namespace simclr {
namespace {

constexpr int64_t kStripElements = 1 << 24;  // of one strip's similarities: 64 MiB in float32
constexpr double kLowest = -std::numeric_limits<double>::infinity();

/// exp((s - shift) / t)
at::Tensor exponentials(const at::Tensor& s, const at::Tensor& shift, double temperature) {
  return (s - shift).div_(temperature).exp_();
}

/// Each row's place taken by that of the view `by` further on, around the end. (Not `roll`, which the meta
/// device lacks in C++.)
at::Tensor turn_views(const at::Tensor& rows, int64_t count, int64_t by) {
  const int64_t first = by * count;
  return at::cat({rows.narrow(0, first, rows.size(0) - first), rows.narrow(0, 0, first)}, 0);
}

}  // namespace

ContrastResult contrast_strips(const at::Tensor& z, const BatchPart& part, const ContrastOptions& options,
                               Group& group) {
  const double t = options.temperature;
  const int64_t images = part.images, count = part.count, views = options.views;
  const at::Tensor image = at::arange(part.first, part.first + count, z.options().dtype(at::kLong));
  std::vector<at::Tensor> by_view;
  for (int64_t view = 0; view < views; ++view) by_view.push_back(image + view * images);
  const at::Tensor self = at::cat(by_view, 0).unsqueeze(1);
  // A row's partners: its image's views one, two, ... further on.
  std::vector<at::Tensor> turned;
  for (int64_t by = 1; by < views; ++by) turned.push_back(turn_views(self, count, by));
  const at::Tensor other = at::cat(turned, 1);
  const at::Tensor own = count == images ? z : z.index_select(0, self.squeeze(1));
  const at::Tensor columns = z.t();
  const int64_t strip = std::max<int64_t>(1, kStripElements / (views * images));

  // Calls work(rows, similarities without self, similarities to partners) strip by strip. Strips do not
  // cross from one view to the next.
  const auto each_strip = [&](const auto& work) {
    for (int64_t view = 0; view < views; ++view) {
      for (int64_t begin = 0; begin < count; begin += strip) {
        const int64_t row = view * count + begin, rows = std::min(strip, count - begin);
        at::Tensor s = own.narrow(0, row, rows).mm(columns);
        const at::Tensor partner = s.gather(1, other.narrow(0, row, rows));
        s.scatter_(1, self.narrow(0, row, rows), kLowest);
        work(row, rows, s, partner);
      }
    }
  };

  std::vector<at::Tensor> shifts, inverse_sums, rests, losses, hits, entropies;
  each_strip([&](int64_t row, int64_t rows, at::Tensor& s, const at::Tensor& partner) {
    if (row < count) {
      const at::Tensor pairs = s.narrow(1, images, images);
      hits.push_back(pairs.argmax(1).eq(image.narrow(0, row, rows)).sum());
      const at::Tensor p = pairs.div(t).softmax(1);
      entropies.push_back(-(p * (p + 1e-8).log_()).sum());
    }
    s.scatter_(1, other.narrow(0, row, rows), kLowest);
    const at::Tensor shift = s.amax(1, /*keepdim=*/true).maximum(partner.amin(1, /*keepdim=*/true));
    const at::Tensor sum = exponentials(s, shift, t).sum(1, /*keepdim=*/true);
    const at::Tensor partner_term = exponentials(partner, shift, t);
    const at::Tensor total = sum + partner_term;
    losses.push_back(
        at::where(sum.le(partner_term), (sum / partner_term).log1p(), total.log() + (shift - partner).div_(t))
            .sum() /
        (views - 1));
    shifts.push_back(shift);
    inverse_sums.push_back(total.reciprocal().mean(1, /*keepdim=*/true));
    rests.push_back(sum / total / (views - 1));
  });

  ContrastResult result;
  result.totals = at::stack(
      {at::stack(losses).sum(), at::stack(hits).sum().to(z.scalar_type()), at::stack(entropies).sum()});
  if (!options.gradient) return result;

  const at::Tensor shift = at::cat(shifts, 0), inverse_sum = at::cat(inverse_sums, 0);
  const at::Tensor rest = at::cat(rests, 0);
  // Of the others' rows only these two numbers are needed. One row an image, as z was gathered.
  std::vector<at::Tensor> of_rows;
  for (int64_t view = 0; view < views; ++view) {
    of_rows.push_back(shift.narrow(0, view * count, count));
    of_rows.push_back(inverse_sum.narrow(0, view * count, count));
  }
  const at::Tensor all = group.gather_images(at::cat(of_rows, 1)).rows;
  const at::Tensor by_row = all.view({images, views, 2}).transpose(0, 1).reshape({1, views * images, 2});
  const at::Tensor column_shift = by_row.select(2, 0), column_inverse = by_row.select(2, 1);
  // i's partner p is `by` views further on, and p's partner i is `views - by` further on from there.
  std::vector<at::Tensor> from_partners;
  for (int64_t by = 1; by < views; ++by)
    from_partners.push_back(turn_views(rest.narrow(1, views - by - 1, 1), count, by));
  const at::Tensor partner_weight = (rest + at::cat(from_partners, 1)).neg_();

  result.gradient = at::empty_like(own);
  each_strip([&](int64_t row, int64_t rows, at::Tensor& s, const at::Tensor&) {
    at::Tensor weights =
        exponentials(s, shift.narrow(0, row, rows), t).mul_(inverse_sum.narrow(0, row, rows));
    weights.addcmul_(exponentials(s, column_shift, t), column_inverse);
    weights.scatter_(1, other.narrow(0, row, rows), partner_weight.narrow(0, row, rows));
    at::Tensor out = result.gradient.narrow(0, row, rows);
    at::mm_out(out, weights, z);
  });
  return result;
}

}  // namespace simclr
