#include "core/loss/nt_xent_replicas.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>

#include <vector>

#include "core/dist/part.h"
#include "core/dist/shard_pool.h"

namespace simclr {
namespace {

/// The images' rows of each view.
std::vector<at::Tensor> rows_of(const at::Tensor& all, int64_t views, Span images) {
  std::vector<at::Tensor> parts;
  for (const at::Tensor& view : all.chunk(views, 0))
    parts.push_back(view.narrow(0, images.begin, images.end - images.begin));
  return parts;
}

/// A replica's rows as one array; of all images that is `z` itself, not another copy of it.
at::Tensor own_rows(const at::Tensor& z, int64_t views, Span images) {
  if (views * (images.end - images.begin) == z.size(0)) return z.detach();
  return at::cat(rows_of(z, views, images));
}

/// One replica's share: its gradient goes to its own rows of `gradient`.
NtXentOutput run_replica(const at::Tensor& z, const at::Tensor& gradient, Span images,
                         const ReplicaOptions& options, Group& group) {
  const int64_t views = options.loss.views, count = images.end - images.begin;
  const at::Tensor rows = own_rows(z, views, images).to(options.device, options.input).requires_grad_();
  NtXentOutput out = (options.plain ? nt_xent_plain : nt_xent)(rows, options.loss, group);
  const at::Tensor grad = torch::autograd::grad({out.loss}, {rows})[0];
  const std::vector<at::Tensor> own = rows_of(gradient, views, images);
  for (int64_t view = 0; view < views; ++view) own[view].copy_(grad.narrow(0, view * count, count));
  return out;
}

}  // namespace

ReplicaResult nt_xent_replicas(const at::Tensor& z, const at::Tensor& gradient,
                               const ReplicaOptions& options) {
  const int64_t images = z.size(0) / options.loss.views;
  ShardPool pool(options.replicas, at::get_num_threads());
  ReplicaResult result{};
  pool.run([&](int replica, Group& group) {
    const Span mine = part_of(images, replica, options.replicas);
    const NtXentOutput out = run_replica(z, gradient, mine, options, group);
    if (replica > 0) return;  // all say the same
    result.loss = out.loss.item<double>();
    result.contrastive_accuracy = out.contrastive_accuracy.item<double>();
    result.entropy = out.entropy.item<double>();
  });
  return result;
}

}  // namespace simclr
