#include "core/learn/replicas.h"

#include <ATen/native/Resize.h>
#include <ATen/ops/_foreach_copy.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/_foreach_norm.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <ATen/ops/stack.h>
#include <c10/core/GradMode.h>

#include "core/dist/gradient_buckets.h"
#include "core/dist/host_gradients.h"

namespace simclr {
namespace {

void give_back_memory(const at::Tensor& x) {
  at::native::resize_bytes_cpu(x.storage().unsafeGetStorageImpl(), 0);
}

void take_memory(const at::Tensor& x) {
  const auto bytes = static_cast<size_t>(x.numel() * x.element_size());
  if (x.storage().nbytes() < bytes) at::native::resize_bytes_cpu(x.storage().unsafeGetStorageImpl(), bytes);
}

}  // namespace

Replicas::Replicas(Parameters& parameters, at::ScalarType compute, int shards)
    : parameters_(parameters), leaves_(shards), learning_(shards) {
  for (const Parameter& parameter : parameters.parameters()) {
    const at::Tensor& master = parameter.master;
    if (parameter.trained) {
      trained_.push_back(compute_.size());
      gradients_.push_back(at::zeros_like(master));
    }
    compute_.push_back(parameter.low_precision ? master.to(compute) : master);
  }
  for (int shard = 0; shard < shards; ++shard) {
    std::vector<at::Tensor>& leaves = leaves_[shard];
    for (const at::Tensor& weight : compute_) leaves.push_back(weight.detach());
    for (const size_t i : trained_) learning_[shard].push_back(leaves[i].requires_grad_(true));
  }
}

void Replicas::share_gradients(ProcessGroup& processes, const BucketOptions& options) {
  processes_ = &processes;
  options_ = options;
  const bool on_cpu = gradients_[0].is_cpu();
  // A GPU's optimizer wants to know now where gradients will be.
  if (!on_cpu) shared_ = std::make_unique<GradientBuckets>(processes, gradients_, learning_, options);
}

void Replicas::begin(bool first, bool last) {
  first_ = first;
  last_ = last;
  if (first) drop_gradients();
  if (processes_ == nullptr) {
    if (missing_.empty() && gradients_[0].is_cpu()) take_early();
    // Activations need the memory first; they make room as gradients come.
    for (size_t i = 0; first && i < missing_.size(); ++i) give_back_memory(gradients_[i]);
    for (std::atomic<int>& missing : missing_) missing = static_cast<int>(learning_.size());
    return;
  }
  // Not before the first step, where every rank is: the ranks agree on what there is room for.
  if (!shared_) shared_ = HostGradients::make(*processes_, gradients_, learning_, options_);
  if (!shared_) shared_ = std::make_unique<GradientBuckets>(*processes_, gradients_, learning_, options_);
  if (last) shared_->begin(/*add=*/!first);
}

void Replicas::drop_gradients() {
  for (auto& leaves : learning_) {
    for (at::Tensor& leaf : leaves) leaf.mutable_grad().reset();
  }
}

void Replicas::take_early() {
  missing_ = std::vector<std::atomic<int>>(gradients_.size());
  on_gradient(learning_, [this](size_t i) {
    if (--missing_[i] > 0) return;
    take_memory(gradients_[i]);
    take_gradient(learning_, i, gradients_[i], /*add=*/!first_);
  });
}

void Replicas::for_each(ShardPool& pool, const std::vector<at::Tensor>& tensors,
                        const std::function<void(size_t)>& work) {
  deal(
      pool.team(), tensors.size(), [&](size_t i) { return tensors[i].numel(); },
      [&](size_t i) {
        const at::NoGradGuard no_grad;
        work(i);
      });
}

void Replicas::collect(ShardPool& pool) {
  if (shared_ && last_) return shared_->finish();
  if (!shared_ && first_ && !gradients_[0].is_cpu()) return collect_at_once();
  for_each(pool, gradients_, [this](size_t i) {
    if (!missing_.empty() && missing_[i] == 0) return;
    at::Tensor total = shared_ ? shared_->own()[i] : gradients_[i];
    if (!missing_.empty()) take_memory(total);
    take_gradient(learning_, i, total, /*add=*/!first_);
  });
}

void Replicas::collect_at_once() {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> totals, made;
  for (size_t i = 0; i < gradients_.size(); ++i) {
    at::Tensor& gradient = learning_[0][i].mutable_grad();
    if (!gradient.defined()) {
      gradients_[i].zero_();
      continue;
    }
    totals.push_back(gradients_[i]);
    made.push_back(gradient);
    gradient.reset();
  }
  if (!totals.empty()) at::_foreach_copy_(totals, made);
}

at::Tensor Replicas::gradient_norm(ShardPool& pool) {
  if (!gradients_[0].is_cpu()) return at::linalg_vector_norm(at::stack(at::_foreach_norm(gradients_)));
  std::vector<at::Tensor> norms(gradients_.size());
  for_each(pool, gradients_, [&](size_t i) { norms[i] = at::linalg_vector_norm(gradients_[i]); });
  return at::linalg_vector_norm(at::stack(norms));
}

void Replicas::scale_gradients(ShardPool& pool, double factor) {
  if (shared_) return shared_->scale(factor);
  if (!gradients_[0].is_cpu()) return at::_foreach_mul_(gradients_, factor);
  for_each(pool, gradients_, [&](size_t i) { gradients_[i].mul_(factor); });
}

void Replicas::clip_gradients(ShardPool& pool, const at::Tensor& norm, double most) {
  const at::Tensor factor = (norm + 1e-6).reciprocal_().mul_(most).clamp_max_(1);
  if (!factor.is_cpu()) return at::_foreach_mul_(gradients_, factor.to(gradients_[0].scalar_type()));
  // The ranks' weights stay the same bits, whatever their processors make of the same gradients' norm.
  const double scale = (processes_ == nullptr ? factor : processes_->all_gather(factor)[0]).item<double>();
  if (scale != 1) scale_gradients(pool, scale);
}

void Replicas::refresh(ShardPool& pool) {
  if (!gradients_[0].is_cpu()) return refresh_at_once();
  for_each(pool, compute_, [this](size_t i) { refresh(i); });
}

void Replicas::refresh(size_t parameter) {
  const at::NoGradGuard no_grad;
  const at::Tensor& master = parameters_.parameters()[parameter].master;
  if (!compute_[parameter].is_same(master)) compute_[parameter].copy_(master);
}

void Replicas::refresh_at_once() {
  const at::NoGradGuard no_grad;
  std::vector<at::Tensor> copies, masters;
  for (size_t i = 0; i < compute_.size(); ++i) {
    const at::Tensor& master = parameters_.parameters()[i].master;
    if (compute_[i].is_same(master)) continue;
    copies.push_back(compute_[i]);
    masters.push_back(master);
  }
  if (!copies.empty()) at::_foreach_copy_(copies, masters);
}

}  // namespace simclr
