// The arithmetic of Adam and AdamW, one weight at a time; CPU loops and CUDA kernels share it.
#pragma once

#include <cmath>

#include "core/host_device.h"

namespace simclr {

struct AdamOptions {
  double beta1;
  double beta2;
  double epsilon;
  double weight_decay;
  bool decoupled;     ///< AdamW: decay shrinks the weight; else it joins the gradient
  bool epsilon_last;  ///< torch.optim: epsilon joins the corrected root; else the root as it is (tf.keras)
};

/// What all weights of one step share.
struct AdamStep {
  double rate;     ///< lr / (1 - beta1^count)
  double scale;    ///< 1 / sqrt(1 - beta2^count), on the root of the second moment
  double epsilon;  ///< joins what `scale` makes of that root
};

/// `count`: steps with this one, 1 at the first (Kingma and Ba 2015, algorithm 1, as torch/optim/adam.py).
/// The form of their section 2, which tf.keras has, lr sqrt(1 - beta2^count) / (1 - beta1^count) m / (sqrt(v)
/// + epsilon), is the same with a larger epsilon.
SIMCLR_HD inline AdamStep adam_step(double count, double lr, const AdamOptions& options) {
  const double root = std::sqrt(1 - std::pow(options.beta2, count));
  const double epsilon = options.epsilon_last ? options.epsilon : options.epsilon / root;
  return {lr / (1 - std::pow(options.beta1, count)), 1 / root, epsilon};
}

/// The numbers of one tensor's update in the weights' precision.
template <class T>
struct AdamFactors {
  T rate, scale, epsilon;
  T decay;  ///< of the weight, that joins the gradient
  T keep;   ///< of the weight: 1 - lr * decay where it is decoupled
  T new1;   ///< 1 - beta1
  T beta2, new2;
};

/// `decay`: of this tensor, and `lr_scale` what its own learning rate is of the step's `lr`. Differences from
/// 1 are taken in double: 1 - 0.999f errs by 5e-5.
template <class T>
SIMCLR_HD inline AdamFactors<T> adam_factors(const AdamStep& step, double lr, double lr_scale, double decay,
                                             const AdamOptions& options) {
  return {static_cast<T>(step.rate * lr_scale),
          static_cast<T>(step.scale),
          static_cast<T>(step.epsilon),
          static_cast<T>(options.decoupled ? 0 : decay),
          static_cast<T>(options.decoupled ? 1 - lr * lr_scale * decay : 1),
          static_cast<T>(1 - options.beta1),
          static_cast<T>(options.beta2),
          static_cast<T>(1 - options.beta2)};
}

/// torch/optim/adam.py; decoupled: Loshchilov and Hutter 2019, algorithm 2, as torch/optim/adamw.py.
template <class T>
SIMCLR_HD inline void adam_update(T& weight, T& first, T& second, T gradient, const AdamFactors<T>& f) {
  const T g = gradient + f.decay * weight;
  first += f.new1 * (g - first);
  second = f.beta2 * second + f.new2 * g * g;
  weight = f.keep * weight - f.rate * first / (std::sqrt(second) * f.scale + f.epsilon);
}

}  // namespace simclr
