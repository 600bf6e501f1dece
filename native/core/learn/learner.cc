#include "core/learn/learner.h"

#include <c10/core/GradMode.h>

#include <algorithm>

#include "core/error.h"
#include "core/learn/device.h"
#include "core/learn/host_images.h"
#include "core/learn/memory.h"

namespace simclr {
namespace {

/// Throws for a supervised learner of what it cannot do; a whole network's parts otherwise.
SimclrNetwork network_of(const LearnerSpec& spec) {
  const int after = spec.fine_tune_after_block;
  if (!spec.supervised) {
    if (after < 0) return build_network(spec.encoder, spec.head, spec.classes, spec.seed);
    throw Error("ERR_SIMCLR_INVALID_ARGUMENT",
                "Expected -1 for `fineTuneAfterBlock`, as nothing is frozen for NT-Xent, but received " +
                    std::to_string(after) + ". Only a supervised learner freezes groups.");
  }
  if (spec.classes < 1 || spec.chunk_size > 0) {
    throw Error("ERR_SIMCLR_INVALID_ARGUMENT",
                "Expected classes, and the whole batch at once, for a supervised learner but received " +
                    std::to_string(spec.classes) + " classes and chunks of " +
                    std::to_string(spec.chunk_size) + " images.");
  }
  SimclrNetwork net = build_classifier(spec.encoder, spec.head, spec.classes, spec.seed);
  if (after >= 0) freeze(net.parameters, net.encoder, after);
  return net;
}

/// Null without one. Throws for one that the learner cannot learn from.
std::unique_ptr<Teacher> teacher_of(LearnerSpec& spec, at::Device device) {
  if (!spec.teacher) return nullptr;
  TeacherSpec& teacher = *spec.teacher;
  const double temperature = spec.distillation.temperature, weight = spec.distillation.weight;
  const bool fits = spec.supervised && teacher.classes == spec.classes;
  if (!fits || !(temperature > 0) || !(weight > 0 && weight <= 1)) {
    throw Error(
        "ERR_SIMCLR_INVALID_ARGUMENT",
        "Expected, for a teacher, a supervised learner of its " + std::to_string(teacher.classes) +
            " classes, a temperature above 0 and a weight above 0 and up to 1, but received a learner of " +
            std::to_string(spec.classes) + " classes, temperature " + std::to_string(temperature) +
            " and weight " + std::to_string(weight) + ".");
  }
  auto made = std::make_unique<Teacher>(teacher, spec.precision, device);
  teacher.tensors.clear();
  return made;
}

at::Tensor nhwc(const at::Tensor& x) { return x.detach().permute({0, 2, 3, 1}).cpu(); }

}  // namespace

Learner::Learner(const LearnerSpec& spec) try
    : spec_(spec),
      device_(parse_device(spec.device)),
      net_(network_of(spec)),
      pool_(device_.is_cpu() ? std::max(1, spec.shards) : 1, std::max(1, spec.shards), spec.processes.get()),
      teacher_(teacher_of(spec_, device_)) {
  net_.parameters.to(device_, master_type(spec.precision));
  replicas_ = std::make_unique<Replicas>(net_.parameters, compute_type(spec.precision), pool_.size());
  if (spec.processes) {
    BucketOptions options = spec.buckets;
    options.passes = spec.chunk_size > 0;
    replicas_->share_gradients(*spec.processes, options);
  }
  std::vector<OptimizedTensor> tensors;
  for (size_t i = 0; i < replicas_->gradients().size(); ++i) {
    const Parameter& parameter = net_.parameters.parameters()[replicas_->trained()[i]];
    const double lr_scale = net_.is_classifier(replicas_->trained()[i]) ? 1 : spec.encoder_lr_scale;
    tensors.push_back({.name = parameter.name,
                       .weight = parameter.master,
                       .gradient = replicas_->gradients()[i],
                       .exclusion = parameter.exclusion,
                       .momentum = {},
                       .second_moment = {},
                       .lr_scale = lr_scale});
  }
  optimizer_ = make_optimizer(spec.optimizer, std::move(tensors));
  if (spec.precision == Precision::fp16) loss_scale_.emplace();
  if (const DeviceKernels* kernels = device_kernels(device_)) device_views_ = kernels->views(device_);
  if (spec.graph != GraphMode::kOff)
    graphs_ = std::make_unique<StepGraphs<StepMemory>>(recorder(), spec.graph == GraphMode::kMust);
} catch (...) {
  rethrow_with_memory(
      "making a learner of precision " + std::string(name_of(spec.precision)) + " on " + spec.device,
      "Lower `encoder.width`, choose a smaller `encoder.arch`, or free memory of the device.");
}

std::unique_ptr<WorkRecorder> Learner::recorder() const {
  const bool rehearsed = spec_.graph == GraphMode::kRehearse;
  const DeviceKernels* kernels = device_kernels(device_);
  // Collectives are watched from the host, a loss scale's verdict is the host's, and chunks are for want of
  // memory, which a recording keeps (docs/cuda.md).
  const bool alone = spec_.processes == nullptr && pool_.size() == 1;
  const bool records = kernels != nullptr && optimizer_->recordable();
  if (!alone || loss_scale_ || spec_.chunk_size > 0 || !(rehearsed || records)) {
    throw Error("ERR_SIMCLR_INVALID_ARGUMENT",
                "Expected `graph` off for a learner whose step cannot be recorded: without a GPU, in fp16 or "
                "fp64, in chunks or with several processes or shards.");
  }
  if (rehearsed) return std::make_unique<Rehearsal>();
  return kernels->recorder(device_);
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

ForwardResult Learner::forward(const at::Tensor& images, bool training, bool groups) {
  const at::NoGradGuard no_grad;
  ForwardResult result;
  SoloGroup solo;
  const DeviceSettings settings(device_, spec_.precision);
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
  const DeviceSettings settings(device_, spec_.precision);
  std::vector<const std::vector<at::Tensor>*> weights;
  for (int shard = 0; shard < pool_.size(); ++shard) weights.push_back(&replicas_->leaves(shard));
  const ProjectionHead none{{}, feature_dim()};
  return simclr::embed(net_.encoder, none, weights, net_.parameters.buffers(), pool_, store, augmenter,
                       indices);
}

}  // namespace simclr
