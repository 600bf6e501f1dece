// Linear classifiers of features: the probe, fitted to frozen ones, and one that was trained.
#pragma once

#include <ATen/ATen.h>

#include <vector>

namespace simclr {

struct LinearProbeOptions {
  int64_t classes;
  double l2 = 1e-3;  ///< on the weights' squared sum, not on the bias
  int64_t max_iterations = 100;
  int64_t top = 1;  ///< classes told of each query, at most `classes`
};

/// Classes of each query, int64 [m, top], the most probable first. Features [n, dim] and queries are
/// standardised, in place, by the features' mean and (unbiased) standard deviation + 1e-6. Loss: mean cross
/// entropy + l2 |W|^2 (no half: the gradient has 2 l2 W), from zero weights, by L-BFGS with a strong Wolfe
/// line search. Convex and without chance: the same features give the same classes.
at::Tensor linear_probe(const at::Tensor& features, const at::Tensor& labels, const at::Tensor& queries,
                        const LinearProbeOptions& options);

/// A dense layer with bias: weight [out, in], bias [out].
struct DenseLayer {
  at::Tensor weight, bias;
};

/// Softmax of features [n, dim] times weight [classes, dim], plus bias [classes]: [n, classes]. The features
/// go through `hidden` first, each with a ReLU behind it.
at::Tensor class_probabilities(const at::Tensor& features, const at::Tensor& weight, const at::Tensor& bias,
                               const std::vector<DenseLayer>& hidden = {});

}  // namespace simclr
