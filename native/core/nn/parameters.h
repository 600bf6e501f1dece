// The arrays of a network, by name: trained parameters (masters) and buffers. Modules hold indices into it,
// so that one description of a network serves every shard's copy of the weights.
#pragma once

#include <ATen/ATen.h>

#include <string>
#include <vector>

namespace simclr {

/// A named array.
struct NamedTensor {
  std::string name;
  at::Tensor value;
};

/// What an optimizer leaves out for a parameter (tf2/model.py, tf2/lars_optimizer.py).
enum class Exclusion {
  kNone,        ///< kernels of the encoder and of the projection head
  kAdaptation,  ///< LARS neither adapts nor decays it: the kernel of the linear head, whose decay is in its
                ///< loss there
  kAll,         ///< nor do SGD and Adam decay it: BN, biases
};

struct Parameter {
  std::string name;
  at::Tensor master;  ///< fp32 (fp64 in an fp64 run); kernels of convolutions are stored channels_last
  bool
      low_precision;  ///< computed with in the run's precision (kernels); BN and biases stay as the master is
  Exclusion exclusion;
  bool trained = true;  ///< false: frozen; no gradient, no update
};

/// Parameters and buffers in the order modules registered them.
class Parameters {
 public:
  /// Returns the parameter's index. Names are unique.
  int add(const std::string& name, at::Tensor value, bool low_precision, Exclusion exclusion);
  int add_buffer(const std::string& name, at::Tensor value);

  /// This parameter is not trained.
  void freeze(int parameter) { parameters_[parameter].trained = false; }

  const std::vector<Parameter>& parameters() const { return parameters_; }
  std::vector<at::Tensor>& buffers() { return buffers_; }

  /// Moves everything to `device` in `dtype` (integer buffers keep theirs). Once, after building.
  void to(at::Device device, at::ScalarType dtype);

  /// Number of parameters' values, frozen ones too, whose name starts with `prefix`.
  int64_t count(const std::string& prefix) const;

  /// Copies of parameters and buffers whose name starts with `prefix`, on the CPU, contiguous, prefix cut
  /// off.
  std::vector<NamedTensor> state(const std::string& prefix) const;

  /// Strict: every array with `prefix` must be there with its shape, and nothing else.
  /// Throws ERR_SIMCLR_INCOMPATIBLE_WEIGHTS naming what is missing, unexpected or misshapen; changes nothing
  /// then.
  void load(const std::vector<NamedTensor>& tensors, const std::string& prefix);

 private:
  std::vector<NamedTensor> entries(const std::string& prefix) const;  // aliases, full names
  std::vector<Parameter> parameters_;
  std::vector<std::string> buffer_names_;
  std::vector<at::Tensor> buffers_;
};

}  // namespace simclr
