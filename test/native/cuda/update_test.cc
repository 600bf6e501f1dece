// The optimizer's kernels on the host executor against core/optim/lars_math.h, weight by weight in double.
#include "core/optim/lars_math.h"
#include "cuda/optim/update_rows.h"
#include "testing.h"

using namespace simclr;
using namespace simclr::cuda;

namespace {

struct Variable {
  std::vector<float> weight, momentum, gradient;
  bool excluded;
  double lr_scale;
};

/// One step in double: norms over the whole tensor, then the update.
void expected_step(Variable& v, const UpdateOptions& o, double step_lr, std::vector<double>& weight,
                   std::vector<double>& momentum) {
  const double lr = step_lr * v.lr_scale;
  const size_t n = v.weight.size();
  const double decay = v.excluded ? 0 : o.weight_decay;
  weight.assign(v.weight.begin(), v.weight.end());
  momentum.assign(v.momentum.begin(), v.momentum.end());
  double w2 = 0, g2 = 0;
  std::vector<double> updates(n);
  for (size_t i = 0; i < n; ++i) {
    const double g = v.gradient[i];
    double of = g + (o.form == UpdateForm::kTorch ? 0 : decay) * weight[i];
    if (o.form == UpdateForm::kPaperPopular)
      of = updates[i] =
          paper_popular_update<double>(weight[i], momentum[i], g, decay, o.momentum, o.nesterov);
    w2 += weight[i] * weight[i];
    g2 += of * of;
  }
  const double wn = std::sqrt(w2), gn = std::sqrt(g2);
  const double rate = v.excluded ? lr : lr * paper_trust(wn, gn, o.trust_coefficient);
  const bool adapts = decay != 0 && wn > 0 && gn > 0;
  const double factor = adapts ? torch_factor(wn, gn, decay, o.trust_coefficient, o.epsilon) : 1;
  for (size_t i = 0; i < n; ++i) {
    const double g = v.gradient[i], m = o.momentum;
    if (o.form == UpdateForm::kPaperClassic)
      paper_classic_update<double>(weight[i], momentum[i], g, decay, rate, m, o.nesterov);
    else if (o.form == UpdateForm::kPaperPopular)
      weight[i] -= rate * updates[i];
    else if (o.form == UpdateForm::kTorch)
      torch_update<double>(weight[i], momentum[i], g, adapts ? decay : 0, factor, lr, m, o.nesterov);
    else
      torch_update<double>(weight[i], momentum[i], g, decay, 1, lr, m, o.nesterov);
  }
}

void steps(const UpdateOptions& options) {
  // One weight, sizes around a warp, a block and a chunk, two chunks and a bit; one that is all zeros.
  const int64_t sizes[] = {1, 31, 256, 257, kUpdateChunk - 1, kUpdateChunk, 2 * kUpdateChunk + 5, 40};
  std::vector<Variable> variables;
  for (const int64_t size : sizes) {
    for (const bool excluded : {false, true}) {
      const auto seed = static_cast<uint32_t>(variables.size());
      const double lr_scale = seed % 3 == 0 ? 0.25 : 1;
      variables.push_back({testing::numbers(size, seed), std::vector<float>(size), {}, excluded, lr_scale});
      if (size == 40) std::fill(variables.back().weight.begin(), variables.back().weight.end(), 0.0f);
    }
  }
  for (int step = 0; step < 3; ++step) {
    for (size_t t = 0; t < variables.size(); ++t)
      variables[t].gradient = testing::numbers(variables[t].weight.size(), 1000 * (step + 1) + t);
    UpdateRows rows;
    for (Variable& v : variables) {
      rows.add({.weight = v.weight.data(),
                .momentum = v.momentum.data(),
                .gradient = v.gradient.data(),
                .count = static_cast<int64_t>(v.weight.size()),
                .excluded = v.excluded,
                .lr_scale = v.lr_scale});
    }
    std::vector<UpdateSquares> squares(rows.chunks.size(), {NAN, NAN});
    std::vector<std::vector<double>> weights(variables.size()), momenta(variables.size());
    const float lr = 0.1f * static_cast<float>(step + 1);  // changes: it belongs inside or outside the buffer
    for (size_t t = 0; t < variables.size(); ++t)
      expected_step(variables[t], options, lr, weights[t], momenta[t]);
    const int64_t before = host::launches;
    EXPECT(update_step({rows.tensors.data(), rows.chunks.data(), squares.data(), rows.chunk_count()}, options,
                       &lr, nullptr) == cudaSuccess);
    EXPECT(host::launches - before == (options.form == UpdateForm::kSgd ? 1 : 2));
    for (size_t t = 0; t < variables.size(); ++t) {
      for (size_t i = 0; i < weights[t].size(); ++i) {
        EXPECT_NEAR(variables[t].weight[i], weights[t][i], 1e-6);
        EXPECT_NEAR(variables[t].momentum[i], momenta[t][i], 1e-6);
      }
    }
  }
}

}  // namespace

int main() {
  using Form = UpdateForm;
  for (const Form form : {Form::kPaperClassic, Form::kPaperPopular, Form::kTorch, Form::kSgd}) {
    for (const bool nesterov : {false, true}) steps({form, 0.9f, nesterov, 1e-2, 0.02, 1e-8});
  }
  steps({Form::kTorch, 0.9f, false, 0, 0.02, 1e-8});
  std::printf("ok\n");
}
