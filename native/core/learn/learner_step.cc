// One step: what is computed of a batch, what is read back, and the update.
#include <ATen/ops/_foreach_mul.h>
#include <c10/core/GradMode.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/error.h"
#include "core/learn/learner.h"
#include "core/learn/memory.h"

namespace simclr {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/// One transfer; NaN on the meta device.
std::vector<double> read_back(const at::Tensor& values) {
  if (values.is_meta()) return std::vector<double>(values.numel(), std::numeric_limits<double>::quiet_NaN());
  const at::Tensor host = values.cpu();
  const auto* data = host.const_data_ptr<double>();
  return {data, data + host.numel()};
}

/// Brings `value` into `place`, whose memory stays from the first time on.
void keep(at::Tensor& place, const at::Tensor& value) {
  if (place.defined()) {
    place.copy_(value);
  } else {
    place = value;
  }
}

}  // namespace

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

at::Tensor Learner::make_input(Work& work, int shard, Span images) const {
  const auto start = Clock::now();
  const at::Tensor x = work.input(images);
  if (shard == 0) work.augment_seconds += seconds_since(start);
  return x;
}

at::Tensor Learner::labels_of(const Work& work, int shard) const {
  if (!work.labels.defined()) return {};
  const Span mine = part_of(work.images, shard, pool_.size());
  return work.labels.narrow(0, mine.begin, mine.end - mine.begin);
}

SupervisedLoss Learner::probe_loss(const Work& work, int shard, const at::Tensor& features, Group& group) {
  if (!work.probe) return {};
  const double smoothing = spec_.supervised ? spec_.label_smoothing : 0;
  return supervised_loss(context(shard, group, false, false), *net_.classifier, features,
                         labels_of(work, shard), smoothing, work.decay, group);
}

SupervisedLoss Learner::learner_loss(const Work& work, int shard, const at::Tensor& features,
                                     const at::Tensor& wanted, Group& group) {
  if (!teacher_) return probe_loss(work, shard, features, group);
  DistillationOptions options = spec_.distillation;
  options.smoothing = spec_.label_smoothing;
  return distillation_loss(context(shard, group, false, false), *net_.classifier, features, wanted,
                           labels_of(work, shard), options, work.decay, group);
}

std::vector<at::Tensor> Learner::scalars_of(const Contrast& contrastive, const SupervisedLoss& supervised) {
  std::vector<at::Tensor> out{contrastive.loss, contrastive.contrastive_accuracy, contrastive.entropy};
  if (supervised.differentiated.defined())
    out.insert(out.end(), {supervised.cross_entropy, supervised.accuracy, supervised.weight_decay});
  return out;
}

Learner::Losses Learner::losses(const Context& context, const Work& work, int shard,
                                const at::Tensor& features, const at::Tensor& wanted, Group& group) {
  if (spec_.supervised) {
    const at::Tensor kept = simclr::forward(context, net_.head, features);
    const SupervisedLoss supervised = learner_loss(work, shard, kept, wanted, group);
    const at::Tensor none = at::zeros_like(supervised.accuracy);
    return {supervised.differentiated, scalars_of({{}, supervised.cross_entropy, none, none}, supervised)};
  }
  const at::Tensor z = simclr::forward(context, net_.head, features);
  const Contrast contrastive = contrast(z, shard, group, work.roll);
  const SupervisedLoss supervised = probe_loss(work, shard, features.detach(), group);
  const at::Tensor& loss = contrastive.differentiated;
  return {work.probe ? loss + supervised.differentiated : loss, scalars_of(contrastive, supervised)};
}

void Learner::differentiate_whole(Work& work) {
  replicas_->begin();
  pool_.run([&](int shard, Group& group) {
    const Context context = this->context(shard, group, /*track=*/true, spec_.recompute);
    const at::Tensor x = make_input(work, shard, part_of(work.images, shard, pool_.size()));
    // Before the student: what the teacher computes with is free again by then.
    at::Tensor wanted;
    if (teacher_) wanted = teacher_->probabilities(x, spec_.distillation.temperature);
    const at::AutoGradMode with_gradient(true);
    const at::Tensor features = simclr::forward(context, net_.encoder, x);
    Losses losses = this->losses(context, work, shard, features, wanted, group);
    scaled(losses.differentiated).backward();
    if (shard == 0) work.scalars = std::move(losses.scalars);
  });
  replicas_->collect(pool_);
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
  if (!result.skipped) replicas_->scale_gradients(pool_, 1 / result.loss_scale);
}

void Learner::update(const StepResult& step, double lr) {
  if (loss_scale_) loss_scale_->update(!step.skipped);
  if (step.skipped) return;
  optimizer_->set_lr(lr);
  advance_weights(at::scalar_tensor(step.gradient_norm, at::kDouble));
}

void Learner::advance_weights(const at::Tensor& gradient_norm) {
  const at::NoGradGuard no_grad;
  if (spec_.max_gradient_norm > 0) replicas_->clip_gradients(pool_, gradient_norm, spec_.max_gradient_norm);
  optimizer_->step(pool_.team(), [this](size_t i) { replicas_->refresh(replicas_->trained()[i]); });
  if (!device_.is_cpu()) replicas_->refresh(pool_);  // all together
}

at::Tensor Learner::compute(Work& work) {
  if (const int64_t chunks = chunks_of(work.roll); chunks > 1) {
    differentiate_in_chunks(work, chunks);
  } else {
    differentiate_whole(work);
  }
  work.scalars.push_back(replicas_->gradient_norm(pool_));
  std::vector<at::Tensor> wide;
  for (const at::Tensor& scalar : work.scalars) wide.push_back(scalar.detach().to(at::kDouble).reshape({}));
  return at::stack(wide);
}

StepResult Learner::report(const Work& work, const at::Tensor& values) const {
  if (spec_.processes) spec_.processes->settle();
  const std::vector<double> host = read_back(values);
  StepResult result;
  result.stop_asked = work.roll.stop;
  result.augment_seconds = work.augment_seconds;
  result.loss = host[0];
  result.contrasted = !spec_.supervised;
  result.contrastive_accuracy = host[1];
  result.entropy = host[2];
  // No right answer and yet no loss: none of the images has a label.
  result.probed = work.probe && (host[3] != 0 || host[4] != 0);
  if (work.probe) {
    result.probe_loss = host[3];
    result.probe_accuracy = host[4];
    result.weight_decay_loss = host[5];
  }
  result.gradient_norm = host.back();
  return result;
}

Learner::Work Learner::work_of(int64_t images, const at::Tensor& labels, const MakeInput& input,
                               const RollCall& roll) const {
  const bool labelled = net_.classifier.has_value() && labels.defined() && (needs_labels() || !teacher_);
  if (needs_labels() && !labelled)
    throw Error("ERR_SIMCLR_INVALID_ARGUMENT", "Expected labels for a supervised step but received none.");
  // LARS leaves the linear head's kernel alone, whose decay is part of the loss then (tf2/model.py
  // add_weight_decay); the other optimizers decay it as they do all kernels.
  const double decay = spec_.optimizer.name == OptimizerSpec::Name::lars ? spec_.optimizer.weight_decay : 0;
  // Labels are copied before the network is queued: a copy to a GPU waits for what is.
  const bool probe = labelled || teacher_ != nullptr;
  return {images, labelled ? labels.to(device_) : at::Tensor(), probe, decay, input, roll, {}};
}

StepResult Learner::differentiate(int64_t images, const at::Tensor& labels, double lr,
                                  const MakeInput& input) {
  const DeviceSettings settings(device_, spec_.precision);
  const RollCall roll = call_roll(images, lr);
  Work work = work_of(images, labels, input, roll);
  const at::Tensor values = compute(work);
  StepResult result = report(work, values);
  if (loss_scale_) unscale(result);
  return result;
}

StepResult Learner::step_on_memory(int64_t images, const at::Tensor& labels, double lr,
                                   const MakeInput& input) {
  const DeviceSettings settings(device_, spec_.precision);
  const RollCall roll = call_roll(images, lr);
  Work step = work_of(images, labels, input, roll);
  const at::Tensor views = make_input(step, 0, {0, images});
  optimizer_->set_lr(lr);
  const auto fill = [&](StepMemory& memory) {
    keep(memory.views, views);
    if (step.labels.defined())
      keep(memory.labels, memory.labels.defined() ? step.labels : step.labels.clone());
  };
  // Whatever changes from one step of a shape to the next lies in the memory: this may be recorded.
  const auto work_on = [this, images](StepMemory& memory) {
    const MakeInput given = [&memory](Span) { return memory.views; };  // one shard: all of them
    const RollCall alone{{images}, {1}};
    Work work = work_of(images, memory.labels, given, alone);
    memory.values = compute(work);
    advance_weights(memory.values[-1]);
  };
  const StepShape shape{images, views.size(2), views.size(3), step.probe};
  const auto outcome = graphs_->run(shape, fill, work_on);
  StepResult result = report(step, outcome.memory.values);
  result.replayed = outcome.replayed;
  result.graph_problem = outcome.problem;
  if (graphs_->gave_up()) graphs_.reset();
  return result;
}

StepResult Learner::advance(int64_t images, const at::Tensor& labels, double lr, const MakeInput& input) try {
  const auto start = Clock::now();
  StepResult result;
  if (graphs_) {
    result = step_on_memory(images, labels, lr, input);
  } else {
    result = differentiate(images, labels, lr, input);
    update(result, lr);
  }
  result.step_seconds = seconds_since(start);
  return result;
} catch (...) {
  rethrow(images);
}

StepResult Learner::gradients(const at::Tensor& views, const at::Tensor& labels,
                              std::vector<NamedTensor>& gradients) try {
  const StepResult result = differentiate(views.size(0) / spec_.loss.views, labels, 0, from_views(views));
  for (size_t i = 0; i < replicas_->gradients().size(); ++i) {
    const Parameter& parameter = net_.parameters.parameters()[replicas_->trained()[i]];
    gradients.push_back({parameter.name, replicas_->gradients()[i].cpu().contiguous().clone()});
  }
  return result;
} catch (...) {
  rethrow(views.size(0) / spec_.loss.views);
}

void Learner::rethrow(int64_t images) const {
  const std::string batch = std::to_string(images) + " images in " + std::to_string(spec_.loss.views) +
                            " views, precision " + name_of(spec_.precision);
  std::string advice = "Lower `batchSize`, `views`, `imageSize` or `encoder.width`";
  if (!spec_.supervised) advice += ", set `chunkSize`";
  if (graphs_) advice += ", set `cudaGraph` to false, as a recording keeps its memory";
  if (compute_type(spec_.precision) != at::kBFloat16 && compute_type(spec_.precision) != at::kHalf)
    advice += ", or set `precision` to 'bf16', which halves activations";
  rethrow_with_memory("a step of " + batch + ", on " + device_.str(), advice + ".");
}

}  // namespace simclr
