// One view, plainly: operator after operator over whole images. The fast path is tested against it.
#pragma once

#include "core/augment/parameters.h"
#include "core/augment/plan.h"
#include "core/image/float_image.h"

namespace simclr {

// Colour operators of a whole image, in place. `clip` to [0, 1] is what both conventions do after each of
// them in a chain (google-research/simclr data_util.py color_jitter_rand; torchvision's _blend).
void adjust_brightness(FloatImage& image, float factor);
void add_brightness(FloatImage& image, float delta);
void adjust_contrast(FloatImage& image, float factor, Convention convention);
void adjust_saturation(FloatImage& image, float factor, Convention convention);
void adjust_hue(FloatImage& image, float turns);
void rotate_hue(FloatImage& image, float turns);  ///< the same in fast mode
void to_gray(FloatImage& image);
void flip(FloatImage& image);  ///< left-right
void flip_vertical(FloatImage& image);
void turn(FloatImage& image, int turns);  ///< by so many times 90 degrees counter-clockwise
void clip(FloatImage& image);
void solarize(FloatImage& image, float threshold);
void normalize(FloatImage& image, const NormalizePlan& plan);

/// The colour operators in `view.order`, each clipped to [0, 1].
void jitter(FloatImage& image, const JitterPlan& plan, const ViewParameters& view);

/// Writes the view of `image` that `view` describes: [size, size, 3].
void reference_view(const Plan& plan, const ViewParameters& view, const ImageView& image, float* out);

}  // namespace simclr
