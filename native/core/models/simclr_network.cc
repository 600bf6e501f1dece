#include "core/models/simclr_network.h"

#include "core/nn/init.h"

namespace simclr {
namespace {

using BuildHead = decltype(build_head);

SimclrNetwork build(const EncoderSpec& encoder, BuildHead& head_of, const HeadSpec& head, int64_t classes,
                    uint64_t seed) {
  SimclrNetwork net;
  net.encoder = build_resnet(net.parameters, encoder, seed, "encoder.");
  net.head = head_of(net.parameters, head, net.encoder.feature_dim, seed, "head.");
  if (classes > 0) {
    const std::string name = "classifier.weight";
    const at::Tensor kernel = dense_kernel(classes, net.encoder.feature_dim, Convention::kPaper, seed, name);
    net.classifier =
        LinearHead{net.parameters.add(name, kernel, false, true),
                   net.parameters.add("classifier.bias", at::zeros({classes}, at::kFloat), false, true)};
  }
  return net;
}

}  // namespace

SimclrNetwork build_network(const EncoderSpec& encoder, const HeadSpec& head, int64_t classes,
                            uint64_t seed) {
  return build(encoder, build_head, head, classes, seed);
}

SimclrNetwork build_classifier(const EncoderSpec& encoder, const HeadSpec& head, int64_t classes,
                               uint64_t seed) {
  return build(encoder, build_kept_head, head, classes, seed);
}

at::Tensor forward(const Context& context, const LinearHead& head, const at::Tensor& features) {
  const at::Tensor& kernel = context.weights[head.kernel];
  return at::linear(features.to(kernel.scalar_type()), kernel, context.weights[head.bias]);
}

}  // namespace simclr
