// Where a step's views come from: a batch, of which they are made, or the caller.
#include <sstream>
#include <utility>

#include "core/error.h"
#include "core/learn/host_images.h"
#include "core/learn/learner.h"

namespace simclr {

Learner::MakeInput Learner::from_views(const at::Tensor& views) const {
  if (views.dim() != 4 || views.size(3) != 3 || views.size(0) % spec_.loss.views != 0 || views.size(0) == 0) {
    std::ostringstream message;
    message << "Expected views of shape [" << spec_.loss.views
            << "B, height, width, 3], first views first, but received " << views.sizes();
    throw Error("ERR_SIMCLR_INVALID_ARGUMENT", message.str());
  }
  return [this, views](Span images) {
    std::vector<at::Tensor> rows;
    for (const at::Tensor& view : views.chunk(spec_.loss.views, 0))
      rows.push_back(view.narrow(0, images.begin, images.end - images.begin));
    return as_images(at::cat(rows), device_, compute_type(spec_.precision));
  };
}

StepResult Learner::step(const Batch& batch, double lr) {
  const auto images = static_cast<int64_t>(batch.count());
  if (batch.views != spec_.loss.views || images == 0) {
    throw Error("ERR_SIMCLR_INVALID_ARGUMENT", "Expected a batch of at least one image in " +
                                                   std::to_string(spec_.loss.views) + " views but received " +
                                                   std::to_string(images) + " images in " +
                                                   std::to_string(batch.views) + " views");
  }
  const int64_t size = batch.augmenter->plan().size;
  at::Tensor labels;
  if (!batch.labels.empty()) labels = at::tensor(batch.labels, at::kLong);
  std::string problem;
  StepResult result = advance(images, labels, lr, [&](Span span) {
    const int64_t count = span.end - span.begin, rows = batch.views * count;
    if (device_views_) {
      MadeViews made = device_views_->make(batch, span.begin, count, compute_type(spec_.precision));
      if (made.views.defined()) return made.views;
      problem = std::move(made.problem);  // a device has one shard: nobody else writes it
    }
    const at::Tensor made = host_images(rows, size, device_, [&](int64_t row, float* pixels) {
      batch.write_view(static_cast<int>(row / count), span.begin + row % count, pixels);
    });
    return as_images(made, device_, compute_type(spec_.precision));
  });
  const bool on_device = device_views_ && problem.empty();
  result.views_on = on_device ? StepResult::ViewsOn::kDevice : StepResult::ViewsOn::kCpu;
  if (problem != views_problem_) result.views_problem = views_problem_ = problem;
  return result;
}

StepResult Learner::step_views(const at::Tensor& views, const at::Tensor& labels, double lr) {
  return advance(views.size(0) / spec_.loss.views, labels, lr, from_views(views));
}

}  // namespace simclr
