#include "core/models/projection_head.h"

#include "core/nn/init.h"

namespace simclr {

ProjectionHead build_head(Parameters& parameters, const HeadSpec& spec, int64_t features, uint64_t seed,
                          const std::string& prefix) {
  ProjectionHead head;
  for (int i = 0; i < spec.layers; ++i) {
    const bool last = i + 1 == spec.layers;
    const int64_t out = last ? spec.dim : features;
    const std::string dense_name = prefix + "layers." + std::to_string(3 * i) + ".weight";
    BatchNormOptions norm;
    norm.unbiased_running = spec.convention == Convention::kTorch;
    norm.shift = !(last && spec.convention == Convention::kPaper);
    DenseNorm layer;
    layer.kernel = parameters.add(dense_name, dense_kernel(out, features, spec.convention, seed, dense_name),
                                  true, false);
    layer.norm = add_batch_norm(parameters, prefix + "layers." + std::to_string(3 * i + 1), out, norm);
    head.layers.push_back(layer);
  }
  return head;
}

at::Tensor forward(const Context& context, const ProjectionHead& head, const at::Tensor& h,
                   at::Tensor* hidden) {
  at::Tensor z = h;
  for (size_t i = 0; i < head.layers.size(); ++i) {
    const bool last = i + 1 == head.layers.size();
    z = batch_norm(context, head.layers[i].norm, dense(context, head.layers[i].kernel, z), !last);
    if (i == 0 && !last && hidden != nullptr) *hidden = z;
  }
  return z;
}

}  // namespace simclr
