// Single operators by name, as golden files record them: `paper.<op>` as google-research/simclr runs it,
// `torch.<op>` as torchvision.transforms.v2.functional does, rot90 as torch.rot90.
//
//   paper.brightness_v2         factor
//   paper.brightness_v1         delta
//   paper.contrast              factor
//   paper.saturation            factor
//   paper.hue                   delta
//   paper.grayscale
//   paper.flip
//   paper.gaussian_blur         kernel_size sigma
//   paper.color_chain           order brightness contrast saturation hue
//   paper.crop_resize_bicubic   y x h w out_h out_w
//   paper.eval_center_crop      crop_proportion out_h out_w
//   paper.eval_no_crop          out_h out_w
//   torch.brightness            factor
//   torch.contrast              factor
//   torch.saturation            factor
//   torch.hue                   factor
//   torch.grayscale
//   torch.gaussian_blur         kernel sigma
//   torch.horizontal_flip
//   torch.vertical_flip
//   torch.rot90                 k
//   torch.resized_crop_bilinear top left height width out_h out_w antialias
//   torch.resized_crop_bicubic  top left height width out_h out_w antialias
//   torch.normalize             mean std
//   torch.solarize              threshold
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/image/float_image.h"

namespace simclr {

struct OperatorParameters {
  std::map<std::string, std::vector<double>> numbers;  ///< booleans are 0 and 1
  std::map<std::string, std::vector<std::string>> words;

  /// Throws ERR_SIMCLR_INVALID_ARGUMENT where the parameter is missing.
  double number(const std::string& name) const;
  const std::vector<double>& list(const std::string& name, size_t length) const;
};

/// Applies one operator to an RGB image. With `levels` the values are those of an 8-bit image, 0 .. 255, and
/// so is the result, rounded or truncated as torchvision does for uint8 (torch operators alone); otherwise
/// they are floats, usually in [0, 1]. Throws ERR_SIMCLR_INVALID_ARGUMENT for an unknown name, a missing
/// parameter or a box outside the image.
FloatImage apply_operator(const std::string& name, FloatImage image, const OperatorParameters& parameters,
                          bool levels);

/// Every name there is.
std::vector<std::string> operator_names();

}  // namespace simclr
