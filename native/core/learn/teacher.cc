#include "core/learn/teacher.h"

#include <c10/core/GradMode.h>

#include "core/learn/frozen_weights.h"

namespace simclr {

Teacher::Teacher(const TeacherSpec& spec, Precision precision, at::Device device)
    : net_(build_classifier(spec.encoder, spec.head, spec.classes, 0)) {
  // First, so that an fp64 run does not round what it loads.
  net_.parameters.to(at::kCPU, master_type(precision));
  weights_ = frozen_weights(net_.parameters, spec.tensors, precision, device);
}

at::Tensor Teacher::probabilities(const at::Tensor& x, double temperature) {
  const at::NoGradGuard no_grad;
  SoloGroup solo;
  const Context context{weights_, net_.parameters.buffers(), solo, /*training=*/false, /*track=*/false};
  const at::Tensor h = forward(context, net_.head, forward(context, net_.encoder, x));
  return (forward(context, *net_.classifier, h) / temperature).softmax(1);
}

}  // namespace simclr
