#include "core/learn/learner.h"

#include <ATen/Parallel.h>
#include <ATen/ops/_foreach_mul.h>
#include <ATen/ops/linalg_vector_norm.h>
#include <c10/core/GradMode.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <numeric>
#include <sstream>

#include "core/error.h"
#include "core/learn/device.h"
#include "core/learn/memory.h"

namespace simclr {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// Reads scalars back in one transfer; NaN on the meta device.
std::vector<double> values_of(const std::vector<at::Tensor>& scalars) {
  std::vector<at::Tensor> wide;
  for (const at::Tensor& scalar : scalars) wide.push_back(scalar.detach().to(at::kDouble).reshape({}));
  const at::Tensor all = at::stack(wide);
  if (all.is_meta()) return std::vector<double>(scalars.size(), std::numeric_limits<double>::quiet_NaN());
  const at::Tensor host = all.cpu();
  const auto* data = host.const_data_ptr<double>();
  return {data, data + scalars.size()};
}

at::Tensor nhwc(const at::Tensor& x) { return x.detach().permute({0, 2, 3, 1}).cpu(); }

}  // namespace

Learner::Learner(const LearnerSpec& spec)
    : spec_(spec),
      device_(parse_device(spec.device)),
      net_(build_network(spec.encoder, spec.head, spec.classes, spec.seed)),
      pool_(device_.is_cpu() ? std::max(1, spec.shards) : 1, std::max(1, spec.shards), spec.processes.get()) {
  net_.parameters.to(device_, master_type(spec.precision));
  replicas_ = std::make_unique<Replicas>(net_.parameters, compute_type(spec.precision), pool_.size());
  if (spec.processes) {
    BucketOptions options = spec.buckets;
    options.passes = spec.chunk_size > 0;
    replicas_->share_gradients(*spec.processes, options);
  }
  std::vector<OptimizedTensor> tensors;
  for (size_t i = 0; i < net_.parameters.parameters().size(); ++i) {
    const Parameter& parameter = net_.parameters.parameters()[i];
    tensors.push_back({parameter.name, parameter.master, replicas_->gradients()[i], parameter.excluded, {}});
  }
  optimizer_ = make_optimizer(spec.optimizer, std::move(tensors));
  if (spec.precision == Precision::fp16) loss_scale_.emplace();
  if (const DeviceKernels* kernels = device_kernels(device_)) device_views_ = kernels->views(device_);
}

RollCall Learner::call_roll(int64_t images, double lr) {
  ++batches_;
  if (!spec_.processes) return {{images}, {pool_.size()}};
  const RollCall roll = simclr::call_roll(*spec_.processes, {images, pool_.size(), batches_, lr});
  pool_.set_batch(roll);
  return roll;
}

Learner::Contrast Learner::contrast(const at::Tensor& z, int shard, Group& group, const RollCall& roll) {
  if (spec_.global_negatives) {
    const NtXentOutput out = nt_xent(z, spec_.loss, group);
    return {out.loss, out.loss, out.contrastive_accuracy, out.entropy};
  }
  // Each rank's loss is a mean over its own images; the batch's is their mean, each weighted by its images.
  const NtXentOutput own = nt_xent(z, spec_.loss, pool_.local(shard));
  const auto images =
      static_cast<double>(std::accumulate(roll.images.begin(), roll.images.end(), int64_t{0}));
  const int rank = spec_.processes ? spec_.processes->rank() : 0;
  const double share = static_cast<double>(roll.images[rank]) / images;
  const at::Tensor values = at::stack({own.loss.detach(), own.contrastive_accuracy, own.entropy});
  const at::Tensor means = group.all_reduce_sum(values * (share / pool_.size()));
  return {own.loss * share, means[0], means[1], means[2]};
}

Context Learner::context(int shard, Group& group, bool track, bool recompute) {
  return {replicas_->leaves(shard),
          net_.parameters.buffers(),
          spec_.global_batch_norm ? group : pool_.local(shard),
          !spec_.frozen_batch_norm,
          track && shard == 0,
          spec_.exact_sums,
          recompute};
}

at::Tensor Learner::make_input(Work& work, int shard, Span images) const {
  const auto start = Clock::now();
  const at::Tensor x = work.input(images);
  if (shard == 0) work.augment_seconds += seconds_since(start);
  return x;
}

SupervisedLoss Learner::probe_loss(const Work& work, int shard, const at::Tensor& features, Group& group) {
  if (!work.probe) return {};
  const Span mine = part_of(work.images, shard, pool_.size());
  return supervised_loss(context(shard, group, false, false), *net_.classifier, features,
                         work.labels.narrow(0, mine.begin, mine.end - mine.begin), work.decay, group);
}

std::vector<at::Tensor> Learner::scalars_of(const Contrast& contrastive, const SupervisedLoss& supervised) {
  std::vector<at::Tensor> out{contrastive.loss, contrastive.contrastive_accuracy, contrastive.entropy};
  if (supervised.differentiated.defined())
    out.insert(out.end(), {supervised.cross_entropy, supervised.accuracy, supervised.weight_decay});
  return out;
}

void Learner::differentiate_whole(Work& work) {
  replicas_->begin();
  pool_.run([&](int shard, Group& group) {
    const Context context = this->context(shard, group, /*track=*/true, spec_.recompute);
    const at::Tensor x = make_input(work, shard, part_of(work.images, shard, pool_.size()));
    const at::AutoGradMode with_gradient(true);
    const at::Tensor features = simclr::forward(context, net_.encoder, x);
    const at::Tensor z = simclr::forward(context, net_.head, features);
    const Contrast contrastive = contrast(z, shard, group, work.roll);
    const SupervisedLoss supervised = probe_loss(work, shard, features, group);
    at::Tensor loss = contrastive.differentiated;
    if (work.probe) loss = loss + supervised.differentiated;
    scaled(loss).backward();
    if (shard == 0) work.scalars = scalars_of(contrastive, supervised);
  });
  replicas_->collect(pool_);
}

StepResult Learner::differentiate(int64_t images, const at::Tensor& labels, double lr,
                                  const MakeInput& input) try {
  const bool probe = net_.classifier.has_value() && labels.defined();
  // Under LARS the linear head's decay is part of the loss; SGD decays by itself (tf2/model.py
  // add_weight_decay).
  const double decay = spec_.optimizer.name == OptimizerSpec::Name::lars ? spec_.optimizer.weight_decay : 0;
  prepare_device(device_, spec_.precision);
  const RollCall roll = call_roll(images, lr);
  // Labels are copied before the network is queued: a copy to a GPU waits for what is.
  Work work{images, probe ? labels.to(device_) : at::Tensor(), probe, decay, input, roll, {}};
  if (const int64_t chunks = chunks_of(roll); chunks > 1) {
    differentiate_in_chunks(work, chunks);
  } else {
    differentiate_whole(work);
  }
  StepResult result;
  result.stop_asked = roll.stop;
  result.augment_seconds = work.augment_seconds;
  std::vector<at::Tensor>& scalars = work.scalars;

  const std::vector<at::Tensor>& gradients = replicas_->gradients();
  std::vector<at::Tensor> norms;
  for (const at::Tensor& gradient : gradients) norms.push_back(at::linalg_vector_norm(gradient));
  scalars.push_back(at::linalg_vector_norm(at::stack(norms)));
  if (spec_.processes) spec_.processes->settle();
  const std::vector<double> values = values_of(scalars);
  result.loss = values[0];
  result.contrastive_accuracy = values[1];
  result.entropy = values[2];
  result.probed = probe;
  if (probe) {
    result.probe_loss = values[3];
    result.probe_accuracy = values[4];
    result.weight_decay_loss = values[5];
  }
  result.gradient_norm = values.back();
  if (loss_scale_) unscale(result);
  return result;
} catch (...) {
  const std::string batch = std::to_string(images) + " images in " + std::to_string(spec_.loss.views) +
                            " views, precision " + name_of(spec_.precision);
  const bool wide = spec_.precision == Precision::fp32 || spec_.precision == Precision::fp64;
  rethrow_with_memory(
      "a step of " + batch + ", on " + device_.str(),
      std::string("Lower `batchSize`, `views`, `imageSize` or `encoder.width`, set `chunkSize`") +
          (wide ? ", or set `precision` to 'bf16', which halves activations." : "."));
}

at::Tensor Learner::scaled(const at::Tensor& loss) const {
  return loss_scale_ ? loss * loss_scale_->value() : loss;
}

/// From scaled gradients to gradients. All ranks have the same sums, so that all come to the same verdict.
void Learner::unscale(StepResult& result) {
  const at::NoGradGuard no_grad;
  result.loss_scale = loss_scale_->value();
  result.skipped = !device_.is_meta() && !std::isfinite(result.gradient_norm);
  result.gradient_norm = result.skipped ? 0 : result.gradient_norm / result.loss_scale;
  if (!result.skipped) at::_foreach_mul_(replicas_->gradients(), 1 / result.loss_scale);
}

void Learner::update(const StepResult& step, double lr) {
  const at::NoGradGuard no_grad;
  if (loss_scale_) loss_scale_->update(!step.skipped);
  if (step.skipped) return;
  optimizer_->step(lr);
  replicas_->refresh(pool_);
}

Learner::MakeInput Learner::from_views(const at::Tensor& views) const {
  if (views.dim() != 4 || views.size(3) != 3 || views.size(0) % spec_.loss.views != 0 || views.size(0) == 0) {
    std::ostringstream message;
    message << "Expected views of shape [" << spec_.loss.views
            << "B, height, width, 3], first views first, but received " << views.sizes();
    throw Error("ERR_SIMCLR_INVALID_ARGUMENT", message.str());
  }
  return [this, views](Span images) {
    std::vector<at::Tensor> rows;
    for (const at::Tensor& view : views.chunk(spec_.loss.views, 0))
      rows.push_back(view.narrow(0, images.begin, images.end - images.begin));
    return as_images(at::cat(rows), device_, compute_type(spec_.precision));
  };
}

StepResult Learner::step(const Batch& batch, double lr) {
  const auto start = Clock::now();
  const auto images = static_cast<int64_t>(batch.count());
  if (batch.views != spec_.loss.views || images == 0) {
    throw Error("ERR_SIMCLR_INVALID_ARGUMENT", "Expected a batch of at least one image in " +
                                                   std::to_string(spec_.loss.views) + " views but received " +
                                                   std::to_string(images) + " images in " +
                                                   std::to_string(batch.views) + " views");
  }
  const int64_t size = batch.augmenter->plan().size;
  at::Tensor labels;
  if (!batch.labels.empty()) labels = at::tensor(batch.labels, at::kLong);
  StepResult result = differentiate(images, labels, lr, [&](Span span) {
    const int64_t count = span.end - span.begin, rows = batch.views * count;
    if (device_views_) {
      const at::Tensor views = device_views_->make(batch, span.begin, count, compute_type(spec_.precision));
      if (views.defined()) return views;
    }
    at::Tensor pixels = host_images(rows, size, device_);
    auto* out = pixels.mutable_data_ptr<float>();
    at::parallel_for(0, rows, 1, [&](int64_t begin, int64_t end) {
      for (int64_t row = begin; row < end; ++row) {
        batch.write_view(static_cast<int>(row / count), span.begin + row % count,
                         out + row * size * size * 3);
      }
    });
    return as_images(pixels, device_, compute_type(spec_.precision));
  });
  update(result, lr);
  result.step_seconds = seconds_since(start);
  return result;
}

StepResult Learner::step_views(const at::Tensor& views, const at::Tensor& labels, double lr) {
  const auto start = Clock::now();
  StepResult result = differentiate(views.size(0) / spec_.loss.views, labels, lr, from_views(views));
  update(result, lr);
  result.step_seconds = seconds_since(start);
  return result;
}

StepResult Learner::gradients(const at::Tensor& views, const at::Tensor& labels,
                              std::vector<NamedTensor>& gradients) {
  const StepResult result = differentiate(views.size(0) / spec_.loss.views, labels, 0, from_views(views));
  for (size_t i = 0; i < replicas_->gradients().size(); ++i) {
    gradients.push_back(
        {net_.parameters.parameters()[i].name, replicas_->gradients()[i].cpu().contiguous().clone()});
  }
  return result;
}

ForwardResult Learner::forward(const at::Tensor& images, bool training, bool groups) {
  const at::NoGradGuard no_grad;
  ForwardResult result;
  SoloGroup solo;
  prepare_device(device_, spec_.precision);
  const Context context{replicas_->leaves(0), net_.parameters.buffers(), solo, training, training,
                        spec_.exact_sums};
  std::vector<at::Tensor> outputs;
  const at::Tensor x = as_images(images, device_, compute_type(spec_.precision));
  result.features = simclr::forward(context, net_.encoder, x, groups ? &outputs : nullptr);
  result.projections = simclr::forward(context, net_.head, result.features, &result.hidden).cpu();
  result.features = result.features.cpu();
  if (result.hidden.defined()) result.hidden = result.hidden.cpu();
  for (const at::Tensor& output : outputs) result.groups.push_back(nhwc(output));
  return result;
}

at::Tensor Learner::embed(const ImageStore& store, const Augmenter& augmenter,
                          const std::vector<uint32_t>& indices) {
  prepare_device(device_, spec_.precision);
  std::vector<const std::vector<at::Tensor>*> weights;
  for (int shard = 0; shard < pool_.size(); ++shard) weights.push_back(&replicas_->leaves(shard));
  return simclr::embed(net_.encoder, weights, net_.parameters.buffers(), pool_, store, augmenter, indices);
}

}  // namespace simclr
