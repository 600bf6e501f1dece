#include "core/models/resnet.h"

#include <c10/core/GradMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <array>
#include <cmath>
#include <map>

#include "core/error.h"
#include "core/nn/recomputed_norm.h"

namespace simclr {
namespace {

struct Plan {
  std::array<int, 4> blocks;
  bool bottleneck;
};

const std::map<int, Plan>& plans() {
  static const std::map<int, Plan> table = {
      {18, {{2, 2, 2, 2}, false}},  {34, {{3, 4, 6, 3}, false}},  {50, {{3, 4, 6, 3}, true}},
      {101, {{3, 4, 23, 3}, true}}, {152, {{3, 8, 36, 3}, true}}, {200, {{3, 24, 36, 3}, true}},
  };
  return table;
}

int64_t channels(double width, int64_t base) {
  const double exact = width * static_cast<double>(base);
  if (exact < 1 || std::floor(exact) != exact) {
    throw Error("ERR_SIMCLR_INVALID_ARGUMENT",
                "Expected a `width` that makes whole channel counts (a multiple of 1/8) "
                "but received " +
                    std::to_string(width));
  }
  return static_cast<int64_t>(exact);
}

/// Builds one network; holds what every block needs.
struct ResNetBuilder {
  Builder builder;
  const EncoderSpec& spec;
  const Plan& plan;
  std::string prefix;
  BatchNormOptions norm;

  ConvNorm conv_norm(const std::string& conv_name, const std::string& norm_name, int64_t in, int64_t out,
                     int64_t size, int64_t stride, double initial_scale = 1) {
    BatchNormOptions options = norm;
    options.initial_scale = initial_scale;
    const Conv layer = add_conv(builder, conv_name, in, out, size, stride);
    return {layer, add_batch_norm(builder.parameters, norm_name, out, options)};
  }

  ResidualBlock block(const std::string& name, int64_t in, int64_t filters, int64_t stride, bool first) {
    const int64_t out = plan.bottleneck ? 4 * filters : filters;
    // paper: the last BN of every block starts at 0 (tf2/resnet.py, init_zero); torchvision starts it at 1.
    const double last_scale = spec.convention == Convention::kPaper ? 0 : 1;
    ResidualBlock block;
    block.stride = stride;
    // paper: the first block of every group projects, group 1 too; torch: only where the shape changes.
    if (first && (spec.convention == Convention::kPaper || stride != 1 || in != out)) {
      block.pool_shortcut = spec.sk_ratio > 0;
      block.shortcut = conv_norm(name + ".downsample.0", name + ".downsample.1", in, out, 1,
                                 block.pool_shortcut ? 1 : stride);
    }
    if (!plan.bottleneck) {
      block.convs.push_back(conv_norm(name + ".conv1", name + ".bn1", in, filters, 3, stride));
      block.convs.push_back(conv_norm(name + ".conv2", name + ".bn2", filters, out, 3, 1, last_scale));
      return block;
    }
    block.convs.push_back(conv_norm(name + ".conv1", name + ".bn1", in, filters, 1, 1));
    if (spec.sk_ratio > 0) {
      block.selective =
          add_selective_kernel(builder, name + ".conv2", filters, filters, stride, spec.sk_ratio, norm);
    } else {
      block.convs.push_back(conv_norm(name + ".conv2", name + ".bn2", filters, filters, 3, stride));
    }
    block.convs.push_back(conv_norm(name + ".conv3", name + ".bn3", filters, out, 1, 1, last_scale));
    return block;
  }

  std::vector<ConvNorm> stem(int64_t width) {
    if (spec.stem == Stem::imagenet && spec.sk_ratio > 0) {
      return {conv_norm(prefix + "stem.0", prefix + "stem.1", 3, width / 2, 3, 2),
              conv_norm(prefix + "stem.3", prefix + "stem.4", width / 2, width / 2, 3, 1),
              conv_norm(prefix + "stem.6", prefix + "stem.7", width / 2, width, 3, 1)};
    }
    const int64_t size = spec.stem == Stem::imagenet ? 7 : 3;
    const int64_t stride = spec.stem == Stem::cifar ? 1 : 2;
    return {conv_norm(prefix + "conv1", prefix + "bn1", 3, width, size, stride)};
  }
};

at::Tensor residual(const Context& context, const ResidualBlock& block, const at::Tensor& x) {
  at::Tensor shortcut = x;
  if (block.shortcut) {
    const at::Tensor pooled = block.pool_shortcut ? shortcut_pool(x, block.stride) : x;
    shortcut = conv_norm(context, nullptr, block.shortcut->conv, block.shortcut->norm, pooled, false);
  }
  const std::vector<ConvNorm>& convs = block.convs;
  at::Tensor h = conv(context, convs[0].conv, x);
  size_t i = 1;  // the next convolution; h still lacks the norm of the one before
  if (block.selective) {
    h = selective_kernel(context, *block.selective, batch_norm(context, convs[0].norm, h, true));
    h = conv(context, convs[i++].conv, h);
  }
  if (i == convs.size()) return batch_norm(context, convs.back().norm, h, true, shortcut);
  for (; i + 1 < convs.size(); ++i) h = norm_relu_conv(context, convs[i - 1].norm, convs[i].conv, h);
  return conv_norm(context, &convs[i - 1].norm, convs[i].conv, convs[i].norm, h, true, shortcut);
}

/// A block of which only the input is kept: the backward pass runs it forward again (Chen et al. 2016,
/// sublinear memory). BatchNorm takes its statistics again too, over the whole group, whose members all come
/// by here in the same order; running statistics move the first time only. The numbers are the same, bit for
/// bit.
struct RecomputedBlock : public torch::autograd::Function<RecomputedBlock> {
  using Saved = torch::autograd::AutogradContext;
  using Tensors = torch::autograd::variable_list;

  /// `context` and `block` must live until the backward pass.
  static at::Tensor forward(Saved* saved, const at::Tensor& x, int64_t context, int64_t block) {
    saved->save_for_backward({x});
    saved->saved_data["context"] = context;
    saved->saved_data["block"] = block;
    return residual(*reinterpret_cast<const Context*>(context),
                    *reinterpret_cast<const ResidualBlock*>(block), x);
  }

  static Tensors backward(Saved* saved, const Tensors& gradients) {
    const at::Tensor x = saved->get_saved_variables()[0].detach().requires_grad_(true);
    Context context = *reinterpret_cast<const Context*>(saved->saved_data["context"].toInt());
    context.track = false;
    const auto* block = reinterpret_cast<const ResidualBlock*>(saved->saved_data["block"].toInt());
    const at::AutoGradMode with_gradient(true);
    const at::Tensor y = residual(context, *block, x);
    torch::autograd::backward({y}, {gradients[0]});  // the weights' gradients go to their leaves
    return {x.grad(), {}, {}};
  }

  static at::Tensor run(const Context& context, const ResidualBlock& block, const at::Tensor& x) {
    return apply(x, reinterpret_cast<int64_t>(&context), reinterpret_cast<int64_t>(&block));
  }
};

at::Tensor stem(const Context& context, const ResNet& net, const at::Tensor& x) {
  at::Tensor h = x;
  for (const ConvNorm& layer : net.stem) {
    h = conv(context, layer.conv, h);
    const bool last = &layer == &net.stem.back();
    h = last && net.pool ? norm_relu_pool(context, layer.norm, net.convention, h)
                         : batch_norm(context, layer.norm, h, true);
  }
  return h;
}

at::Tensor blocks(const Context& context, const std::vector<ResidualBlock>& group, const at::Tensor& x) {
  at::Tensor h = x;
  for (const ResidualBlock& block : group)
    h = context.recompute ? RecomputedBlock::run(context, block, h) : residual(context, block, h);
  return h;
}

}  // namespace

ResNet build_resnet(Parameters& parameters, const EncoderSpec& spec, uint64_t seed,
                    const std::string& prefix) {
  const auto found = plans().find(spec.depth);
  if (found == plans().end()) {
    throw Error(
        "ERR_SIMCLR_INVALID_ARGUMENT",
        "Expected a ResNet depth of 18, 34, 50, 101, 152 or 200 but received " + std::to_string(spec.depth));
  }
  const Plan& plan = found->second;
  if (spec.sk_ratio > 0 && (!plan.bottleneck || spec.convention != Convention::kPaper)) {
    throw Error("ERR_SIMCLR_INVALID_ARGUMENT",
                "Expected `skRatio` 0 for this encoder: selective kernels exist for ResNet-50 and deeper in "
                "the paper's "
                "convention.");
  }
  ResNetBuilder build{{parameters, spec.convention, seed}, spec, plan, prefix, {}};
  build.norm.unbiased_running = spec.convention == Convention::kTorch;

  ResNet net;
  net.convention = spec.convention;
  net.pool = spec.stem == Stem::imagenet;
  int64_t in = channels(spec.width, 64);
  net.stem = build.stem(in);
  const auto end = [&] { net.ends.push_back(static_cast<int>(parameters.parameters().size())); };
  end();
  for (int group = 0; group < 4; ++group) {
    const int64_t filters = channels(spec.width, int64_t{64} << group);
    std::vector<ResidualBlock> blocks;
    for (int i = 0; i < plan.blocks[group]; ++i) {
      const std::string name = prefix + "layer" + std::to_string(group + 1) + "." + std::to_string(i);
      blocks.push_back(build.block(name, in, filters, i == 0 && group > 0 ? 2 : 1, i == 0));
      in = plan.bottleneck ? 4 * filters : filters;
    }
    net.groups.push_back(std::move(blocks));
    end();
  }
  net.feature_dim = in;
  return net;
}

void freeze(Parameters& parameters, ResNet& net, int groups) {
  net.frozen = groups + 1;
  for (int i = net.stem[0].conv.kernel; i < net.ends[groups]; ++i) parameters.freeze(i);
}

at::Tensor forward(const Context& context, const ResNet& net, const at::Tensor& x,
                   std::vector<at::Tensor>* groups) {
  const Context still{context.weights, context.buffers,   context.group, /*training=*/false,
                      /*track=*/false, context.exact_sums};
  const bool learning = at::GradMode::is_enabled();
  at::Tensor h = x;
  for (size_t part = 0; part <= net.groups.size(); ++part) {
    const auto frozen = static_cast<size_t>(net.frozen);
    const Context& own = part < frozen ? still : context;
    const at::AutoGradMode with_gradient(learning && part >= frozen);
    // A recomputed block gets its weights' gradients on the way to its input's.
    if (own.recompute && part > 0 && part == frozen) h.requires_grad_(true);
    h = part == 0 ? stem(own, net, h) : blocks(own, net.groups[part - 1], h);
    if (groups != nullptr) groups->push_back(h);
  }
  return global_average(h);
}

}  // namespace simclr
