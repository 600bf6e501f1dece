#include "core/augment/fused/view_paths.h"

#include "core/augment/fused/blur_columns.h"
#include "core/augment/fused/color_columns.h"
#include "core/augment/fused/columns.h"
#include "core/augment/fused/resample_columns.h"
#include "core/augment/fused/store_columns.h"
#include "core/augment/reference.h"
#include "core/error.h"
#include "core/image/vector_sets.h"

namespace simclr {
namespace {

struct Workspace {
  Scratch<float> columns;
  ResampleScratch resample;
  BlurScratch blur;
};

template <int kWidth>
SIMCLR_INLINE void make_view(const Plan& plan, const ViewParameters& view, const ImageView& image,
                             float* out) {
  thread_local Workspace workspace;
  Resampling kind = Resampling::kTriangle;
  if (plan.crop) kind = resampling(plan.crop->filter, plan.crop->antialias);
  if (!plan.crop && plan.center) kind = resampling(plan.center->filter, plan.center->antialias);

  Columns columns;
  columns.size = plan.size;
  columns.channels = image.channels;
  columns.stride = padded(plan.size);
  columns.data = workspace.columns.get(static_cast<size_t>(plan.size) * columns.column_floats());
  resample_columns<kWidth>(image, view.box, kind, orientation(view), workspace.resample, columns);
  columns = color_columns<kWidth>(plan, view, columns);

  const fused::Last last = fused::last_steps(plan, view);
  if (view.blur && plan.blur->kernel > 1) {
    blur_and_store_columns<kWidth>(columns, *plan.blur, view.sigma, last, workspace.blur, out);
  } else {
    const fused::Part all{0, plan.size, 0, plan.size};
    store_part<kWidth>(columns.data, columns.stride, columns.channels, all, last, out, 3 * plan.size);
  }
}

SIMCLR_AVX512 void make_view_avx512(const Plan& plan, const ViewParameters& view, const ImageView& image,
                                    float* out) {
  make_view<kAvx512Width>(plan, view, image, out);
}

SIMCLR_AVX2 void make_view_avx2(const Plan& plan, const ViewParameters& view, const ImageView& image,
                                float* out) {
  make_view<kAvx2Width>(plan, view, image, out);
}

void make_view_anywhere(const Plan& plan, const ViewParameters& view, const ImageView& image, float* out) {
  make_view<kAnyWidth>(plan, view, image, out);
}

}  // namespace

const std::vector<ViewPath>& view_paths() {
  static const std::vector<ViewPath> paths = [] {
    auto all = vector_paths<ViewPath>(make_view_avx512, make_view_avx2, make_view_anywhere);
    all.push_back({"plain", reference_view});
    return all;
  }();
  return paths;
}

const ViewPath& view_path(const std::string& name) {
  std::string names;
  for (const ViewPath& path : view_paths()) {
    if (path.name == name) return path;
    names += (names.empty() ? "" : ", ") + path.name;
  }
  throw Error("ERR_SIMCLR_INVALID_ARGUMENT",
              "Expected one of " + names + " (what this machine runs) for `path` but received " + name + ".");
}

}  // namespace simclr
