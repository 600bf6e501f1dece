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
  for (size_t i = 0; i < optimizer_->tensors().size(); ++i) {
    out.push_back({kOptimizer + optimizer_->tensors()[i].name,
                   optimizer_->momentum()[i].cpu().clone(at::MemoryFormat::Contiguous)});
  }
  if (loss_scale_) out.push_back({kLossScale, loss_scale_->state()});
  return out;
}

void Learner::load(const std::vector<NamedTensor>& tensors) {
  std::vector<NamedTensor> network;
  std::vector<at::Tensor> momentum(optimizer_->tensors().size());
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
    const auto& known = optimizer_->tensors();
    const auto found =
        std::find_if(known.begin(), known.end(), [&](const OptimizedTensor& t) { return t.name == name; });
    if (found == known.end() || found->weight.sizes() != tensor.value.sizes()) {
      throw Error("ERR_SIMCLR_INCOMPATIBLE_WEIGHTS",
                  "The optimizer state `" + tensor.name +
                      "` belongs to another network. Check encoder and head "
                      "against the run that wrote it.");
    }
    momentum[found - known.begin()] = tensor.value;
  }
  const auto present =
      std::count_if(momentum.begin(), momentum.end(), [](const at::Tensor& t) { return t.defined(); });
  if (present != 0 && present != static_cast<int64_t>(momentum.size())) {
    throw Error("ERR_SIMCLR_INCOMPATIBLE_WEIGHTS",
                "Expected optimizer state for all " + std::to_string(momentum.size()) +
                    " parameters or for none but received it for " + std::to_string(present));
  }
  net_.parameters.load(network, "");
  if (loss_scale_) loss_scale_ = scale;
  for (size_t i = 0; i < momentum.size(); ++i) {
    at::Tensor buffer = optimizer_->momentum()[i];
    if (momentum[i].defined()) {
      buffer.copy_(momentum[i]);
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
  for (const at::Tensor& buffer : optimizer_->momentum()) spec_.processes->broadcast(buffer);
  if (loss_scale_) {
    const at::Tensor state = loss_scale_->state();
    spec_.processes->broadcast(state);
    loss_scale_->load(state);
  }
  replicas_->refresh(pool_);
}

}  // namespace simclr
