#include "core/evaluate/linear.h"

#include <torch/optim/lbfgs.h>

#include "core/evaluate/ranked.h"

namespace simclr {

at::Tensor linear_probe(const at::Tensor& features, const at::Tensor& labels, const at::Tensor& queries,
                        const LinearProbeOptions& options) {
  const at::Tensor mean = features.mean(0);
  // A single row has no deviation.
  const at::Tensor deviation = (features.size(0) > 1 ? features.std(0) : at::zeros_like(mean)).add_(1e-6);
  const at::Tensor x = features.sub_(mean).div_(deviation);

  const c10::AutoGradMode with_grad(true);
  at::Tensor weight = at::zeros({options.classes, x.size(1)}, x.options()).requires_grad_();
  at::Tensor bias = at::zeros({options.classes}, x.options()).requires_grad_();
  torch::optim::LBFGS optimizer(
      std::vector<at::Tensor>{weight, bias},
      torch::optim::LBFGSOptions(1).max_iter(options.max_iterations).line_search_fn("strong_wolfe"));
  optimizer.step([&] {
    optimizer.zero_grad();
    at::Tensor loss =
        at::cross_entropy_loss(at::linear(x, weight, bias), labels) + weight.square().sum() * options.l2;
    loss.backward();
    return loss.detach();
  });

  const c10::NoGradGuard no_grad;
  return ranked(at::linear(queries.sub_(mean).div_(deviation), weight, bias), options.top);
}

at::Tensor class_probabilities(const at::Tensor& features, const at::Tensor& weight, const at::Tensor& bias,
                               const std::vector<DenseLayer>& hidden) {
  at::Tensor x = features;
  for (const DenseLayer& layer : hidden) x = at::linear(x, layer.weight, layer.bias).relu_();
  return at::linear(x, weight, bias).softmax(1);
}

}  // namespace simclr
