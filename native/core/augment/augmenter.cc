#include "core/augment/augmenter.h"

#include <string>

#include "core/error.h"

namespace simclr {
namespace {

void require(bool condition, const std::string& message) {
  if (!condition) throw Error("ERR_SIMCLR_INVALID_ARGUMENT", message);
}

void require_range(const Range& range, const char* name, float least) {
  require(range[0] > least && range[0] <= range[1],
          "Expected two ascending numbers above " + std::to_string(least) + " for `" + name +
              "` but received [" + std::to_string(range[0]) + ", " + std::to_string(range[1]) + "].");
}

void check(const Plan& plan) {
  require(plan.size >= 1 && plan.size <= 16384,
          "Expected 1 to 16384 for `size` but received " + std::to_string(plan.size) + ".");
  if (plan.crop) {
    require_range(plan.crop->area, "crop.area", 0);
    require(plan.crop->area[1] <= 1,
            "Expected at most 1 for `crop.area` but received " + std::to_string(plan.crop->area[1]) + ".");
    require_range(plan.crop->aspect, "crop.aspect", 0);
  } else {
    require(plan.center.has_value(),
            "Expected `crop` or `center` in an augmentation plan but received neither.");
    require(plan.center->share > 0 && plan.center->share <= 1,
            "Expected a share in (0, 1] for `center.share` but received " +
                std::to_string(plan.center->share) + ".");
  }
  if (plan.blur) {
    require_range(plan.blur->sigma, "blur.sigma", 0);
    const int kernel = plan.blur->kernel;
    require(kernel >= 1 && kernel % 2 == 1,
            "Expected an odd number for `blur.kernel` but received " + std::to_string(kernel) + ".");
    require(
        plan.blur->padding == Padding::kZero || kernel / 2 < plan.size,
        "Expected a kernel of less than twice the size for `blur.kernel` with reflect padding but received " +
            std::to_string(kernel) + " at size " + std::to_string(plan.size) + ".");
  }
}

}  // namespace

Augmenter::Augmenter(const Plan& plan) : plan_(plan) { check(plan_); }

void Augmenter::view(const ImageView& image, const ViewKey& key, float* out, const ViewPath& path) const {
  path.make(plan_, draw_parameters(plan_, key, image.width, image.height), image, out);
}

}  // namespace simclr
