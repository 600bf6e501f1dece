// What a checkpoint holds of a learner, and how it comes back.
#include <c10/core/GradMode.h>

#include <algorithm>

#include "core/error.h"
#include "core/learn/learner.h"

namespace simclr {
namespace {

constexpr char kOptimizer[] = "optimizer.";
constexpr char kLossScale[] = "loss_scale";

bool of_optimizer(const NamedTensor& tensor) { return tensor.name.rfind(kOptimizer, 0) == 0; }

}  // namespace

std::vector<NamedTensor> Learner::state() const {
  std::vector<NamedTensor> out = net_.parameters.state("");
  for (const NamedTensor& kept : optimizer_->state())
    out.push_back({kOptimizer + kept.name, kept.value.cpu().clone(at::MemoryFormat::Contiguous)});
  if (loss_scale_) out.push_back({kLossScale, loss_scale_->state()});
  return out;
}

void Learner::load(const std::vector<NamedTensor>& tensors) {
  std::vector<NamedTensor> network;
  const std::vector<NamedTensor> kept = optimizer_->state();
  std::vector<at::Tensor> given(kept.size());
  LossScale scale;
  for (const NamedTensor& tensor : tensors) {
    if (tensor.name == kLossScale) {
      scale.load(tensor.value);
      continue;
    }
    if (!of_optimizer(tensor)) {
      network.push_back(tensor);
      continue;
    }
    const std::string name = tensor.name.substr(sizeof kOptimizer - 1);
    const auto found =
        std::find_if(kept.begin(), kept.end(), [&](const NamedTensor& known) { return known.name == name; });
    if (found == kept.end() || found->value.sizes() != tensor.value.sizes()) {
      throw Error("ERR_SIMCLR_INCOMPATIBLE_WEIGHTS",
                  "The optimizer state `" + tensor.name +
                      "` belongs to another network or another optimizer. Check encoder, head and optimizer "
                      "against the run that wrote it.");
    }
    given[found - kept.begin()] = tensor.value;
  }
  const auto present =
      std::count_if(given.begin(), given.end(), [](const at::Tensor& t) { return t.defined(); });
  if (present != 0 && present != static_cast<int64_t>(given.size())) {
    throw Error("ERR_SIMCLR_INCOMPATIBLE_WEIGHTS",
                "Expected all " + std::to_string(given.size()) +
                    " arrays of the optimizer's state or none of the optimizer but received " +
                    std::to_string(present) + ". Check the file that they come from.");
  }
  net_.parameters.load(network, "");
  if (loss_scale_) loss_scale_ = scale;
  for (size_t i = 0; i < given.size(); ++i) {
    at::Tensor buffer = kept[i].value;
    if (given[i].defined()) {
      buffer.copy_(given[i]);
    } else {
      buffer.zero_();
    }
  }
  replicas_->refresh(pool_);
}

void Learner::share_state() {
  if (!spec_.processes) return;
  const at::NoGradGuard no_grad;
  for (const Parameter& parameter : net_.parameters.parameters())
    spec_.processes->broadcast(parameter.master);
  for (const at::Tensor& buffer : net_.parameters.buffers()) spec_.processes->broadcast(buffer);
  for (const NamedTensor& kept : optimizer_->state()) spec_.processes->broadcast(kept.value);
  if (loss_scale_) {
    const at::Tensor state = loss_scale_->state();
    spec_.processes->broadcast(state);
    loss_scale_->load(state);
  }
  replicas_->refresh(pool_);
}

}  // namespace simclr
