#include "core/models/projection_head.h"

#include "core/error.h"
#include "core/nn/init.h"

namespace simclr {
namespace {

ProjectionHead first_layers(int count, Parameters& parameters, const HeadSpec& spec, int64_t features,
                            uint64_t seed, const std::string& prefix) {
  ProjectionHead head{{}, features};
  for (int i = 0; i < count; ++i) {
    const bool last = i + 1 == spec.layers;
    const int64_t in = head.out;
    const int64_t out = last ? spec.dim : spec.hidden > 0 ? spec.hidden : features;
    const std::string dense_name = prefix + "layers." + std::to_string(3 * i) + ".weight";
    BatchNormOptions norm;
    norm.unbiased_running = spec.convention == Convention::kTorch;
    norm.shift = !(last && spec.convention == Convention::kPaper);
    DenseNorm layer;
    layer.kernel = parameters.add(dense_name, dense_kernel(out, in, spec.convention, seed, dense_name), true,
                                  Exclusion::kNone);
    layer.norm = add_batch_norm(parameters, prefix + "layers." + std::to_string(3 * i + 1), out, norm);
    layer.last = last;
    head.out = out;
    head.layers.push_back(layer);
  }
  return head;
}

}  // namespace

ProjectionHead build_head(Parameters& parameters, const HeadSpec& spec, int64_t features, uint64_t seed,
                          const std::string& prefix) {
  return first_layers(spec.layers, parameters, spec, features, seed, prefix);
}

ProjectionHead build_kept_head(Parameters& parameters, const HeadSpec& spec, int64_t features, uint64_t seed,
                               const std::string& prefix) {
  if (spec.keep < 0 || (spec.keep > 0 && spec.keep >= spec.layers)) {
    throw Error("ERR_SIMCLR_INVALID_ARGUMENT", "Expected less than the " + std::to_string(spec.layers) +
                                                   " layers of the head for `head.keep` but received " +
                                                   std::to_string(spec.keep) +
                                                   ". The last layer is not one to stand on.");
  }
  return first_layers(spec.keep, parameters, spec, features, seed, prefix);
}

at::Tensor forward(const Context& context, const ProjectionHead& head, const at::Tensor& h,
                   at::Tensor* hidden) {
  at::Tensor z = h;
  for (size_t i = 0; i < head.layers.size(); ++i) {
    const bool last = head.layers[i].last;
    z = batch_norm(context, head.layers[i].norm, dense(context, head.layers[i].kernel, z), !last);
    if (i == 0 && !last && hidden != nullptr) *hidden = z;
  }
  return z;
}

}  // namespace simclr
