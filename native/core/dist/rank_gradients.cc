#include "core/dist/rank_gradients.h"

#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/variable.h>

namespace simclr {
namespace {

class Hook final : public torch::autograd::PostAccumulateGradHook {
 public:
  Hook(const std::function<void(size_t)>& ready, size_t parameter) : ready_(ready), parameter_(parameter) {}
  void operator()(const at::Tensor&) override { ready_(parameter_); }

 private:
  const std::function<void(size_t)> ready_;
  const size_t parameter_;
};

}  // namespace

void on_gradient(ShardLeaves& leaves, const std::function<void(size_t)>& ready) {
  for (auto& shard : leaves) {
    for (size_t i = 0; i < shard.size(); ++i)
      torch::autograd::impl::set_post_acc_grad_hooks(shard[i], std::make_unique<Hook>(ready, i));
  }
}

}  // namespace simclr
