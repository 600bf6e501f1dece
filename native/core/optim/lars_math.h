// The arithmetic of LARS and SGD, one weight at a time; CPU loops and CUDA kernels share it.
#pragma once

#include "core/host_device.h"

namespace simclr {

/// LARS trust ratio of the original: eta |w| / |g|, g with weight decay; 1 if either norm is 0
/// (tf2/lars_optimizer.py). A zero-initialised scale must be able to move, hence not 0.
SIMCLR_HD inline double paper_trust(double weight_norm, double gradient_norm, double eta) {
  return weight_norm > 0 && gradient_norm > 0 ? eta * weight_norm / gradient_norm : 1;
}

/// Classic momentum: lr and trust inside the buffer, `rate` = lr * trust.
template <class T>
SIMCLR_HD inline void paper_classic_update(T& weight, T& momentum, T gradient, T decay, T rate, T coefficient,
                                           bool nesterov) {
  const T step = rate * (gradient + decay * weight);
  momentum = coefficient * momentum + step;
  weight -= nesterov ? coefficient * momentum + step : momentum;
}

/// "Popular" momentum, first half: the buffer collects gradients; returns the update, whose norm the trust
/// ratio needs before the weight may move by lr * trust * update.
template <class T>
SIMCLR_HD inline T paper_popular_update(T weight, T& momentum, T gradient, T decay, T coefficient,
                                        bool nesterov) {
  const T decayed = gradient + decay * weight;
  momentum = coefficient * momentum + decayed;
  return nesterov ? coefficient * momentum + decayed : momentum;
}

/// The same update once more, when the buffer holds its new value already.
template <class T>
SIMCLR_HD inline T paper_popular_update_again(T weight, T momentum, T gradient, T decay, T coefficient,
                                              bool nesterov) {
  return nesterov ? coefficient * momentum + (gradient + decay * weight) : momentum;
}

/// lightly's factor on (g + decay w): eta |w| / (|g| + decay |w| + epsilon) (lightly/utils/lars.py). Where
/// decay or either norm is 0 it neither adapts nor decays, which the caller has to see to.
SIMCLR_HD inline double torch_factor(double weight_norm, double gradient_norm, double decay, double eta,
                                     double epsilon) {
  return eta * weight_norm / (gradient_norm + decay * weight_norm + epsilon);
}

/// torch.optim.SGD's momentum, lr outside the buffer, on factor * (g + decay w). A buffer of zeros becomes
/// the first gradient.
template <class T>
SIMCLR_HD inline void torch_update(T& weight, T& momentum, T gradient, T decay, T factor, T rate,
                                   T coefficient, bool nesterov) {
  const T step = factor * (gradient + decay * weight);
  momentum = coefficient * momentum + step;
  weight -= rate * (nesterov ? coefficient * momentum + step : momentum);
}

}  // namespace simclr
