#include "core/models/simclr_network.h"

#include "core/nn/init.h"

namespace simclr {
namespace {

using BuildHead = decltype(build_head);

SimclrNetwork build(const EncoderSpec& encoder, BuildHead& head_of, const HeadSpec& head, uint64_t seed) {
  SimclrNetwork net;
  net.encoder = build_resnet(net.parameters, encoder, seed, "encoder.");
  net.head = head_of(net.parameters, head, net.encoder.feature_dim, seed, "head.");
  return net;
}

/// On `in` numbers.
void add_classifier(SimclrNetwork& net, int64_t in, int64_t classes, uint64_t seed) {
  const std::string name = "classifier.weight";
  const at::Tensor kernel = dense_kernel(classes, in, Convention::kPaper, seed, name);
  net.classifier = LinearHead{
      net.parameters.add(name, kernel, false, Exclusion::kAdaptation),
      net.parameters.add("classifier.bias", at::zeros({classes}, at::kFloat), false, Exclusion::kAll)};
}

}  // namespace

SimclrNetwork build_network(const EncoderSpec& encoder, const HeadSpec& head, int64_t classes,
                            uint64_t seed) {
  SimclrNetwork net = build(encoder, build_head, head, seed);
  if (classes > 0) add_classifier(net, net.encoder.feature_dim, classes, seed);
  return net;
}

SimclrNetwork build_classifier(const EncoderSpec& encoder, const HeadSpec& head, int64_t classes,
                               uint64_t seed) {
  SimclrNetwork net = build(encoder, build_kept_head, head, seed);
  if (classes > 0) add_classifier(net, net.head.out, classes, seed);
  return net;
}

at::Tensor forward(const Context& context, const LinearHead& head, const at::Tensor& features) {
  const at::Tensor& kernel = context.weights[head.kernel];
  return at::linear(features.to(kernel.scalar_type()), kernel, context.weights[head.bias]);
}

}  // namespace simclr
