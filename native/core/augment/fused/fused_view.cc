#include "core/augment/fused/fused_view.h"

#include "core/augment/fused/blur_columns.h"
#include "core/augment/fused/color_columns.h"
#include "core/augment/fused/columns.h"
#include "core/augment/fused/resample_columns.h"
#include "core/augment/fused/store_columns.h"

namespace simclr {
namespace {

struct Workspace {
  Scratch<float> columns;
  ResampleScratch resample;
  BlurScratch blur;
};

template <int kWidth>
SIMCLR_INLINE void make_view(const Plan& plan, const ViewParameters& view, const ImageView& image,
                             Workspace& workspace, float* out) {
  Resampling kind = Resampling::kTriangle;
  if (plan.crop) kind = resampling(plan.crop->filter, plan.crop->antialias);
  if (!plan.crop && plan.center) kind = resampling(plan.center->filter, plan.center->antialias);

  Columns columns;
  columns.size = plan.size;
  columns.channels = image.channels;
  columns.stride = padded(plan.size);
  columns.data = workspace.columns.get(static_cast<size_t>(plan.size) * columns.column_floats());
  resample_columns<kWidth>(image, view.box, kind, view.flip, workspace.resample, columns);
  columns = color_columns<kWidth>(plan, view, columns);

  const fused::Last last = fused::last_steps(plan, view);
  if (view.blur && plan.blur->kernel > 1) {
    blur_and_store_columns<kWidth>(columns, *plan.blur, view.sigma, last, workspace.blur, out);
  } else if (columns.channels == 3) {
    store_columns<kWidth, 3>(columns.data, columns.stride, plan.size, plan.size, last, out, 3 * plan.size);
  } else {
    store_columns<kWidth, 1>(columns.data, columns.stride, plan.size, plan.size, last, out, 3 * plan.size);
  }
}

using MakeView = void(const Plan&, const ViewParameters&, const ImageView&, Workspace&, float*);

struct Target {
  const char* name;
  MakeView* make_view;
};

#if defined(__GNUC__) && defined(__x86_64__)

__attribute__((target("arch=x86-64-v4"))) void make_view_avx512(const Plan& plan, const ViewParameters& view,
                                                                const ImageView& image, Workspace& workspace,
                                                                float* out) {
  make_view<16>(plan, view, image, workspace, out);
}

__attribute__((target("arch=x86-64-v3"))) void make_view_avx2(const Plan& plan, const ViewParameters& view,
                                                              const ImageView& image, Workspace& workspace,
                                                              float* out) {
  make_view<8>(plan, view, image, workspace, out);
}

Target choose_target() {
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512cd")) {
    return {"avx512", make_view_avx512};
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2")) {
    return {"avx2", make_view_avx2};
  }
  return {"vector", make_view<4>};
}

#elif defined(__GNUC__)

Target choose_target() { return {"vector", make_view<4>}; }

#else

Target choose_target() { return {"scalar", make_view<1>}; }

#endif

const Target& target() {
  static const Target chosen = choose_target();
  return chosen;
}

}  // namespace

void fused_view(const Plan& plan, const ViewParameters& view, const ImageView& image, float* out) {
  thread_local Workspace workspace;
  target().make_view(plan, view, image, workspace, out);
}

const char* fused_view_target() { return target().name; }

}  // namespace simclr
