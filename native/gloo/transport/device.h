// The name of Gloo's device for LibTorch's ProcessGroupGloo.hpp; see README.md.
#pragma once

namespace gloo::transport {
class Device;
}
