#include "core/nn/parameters.h"

#include <sstream>
#include <unordered_map>
#include <utility>

#include "core/error.h"

namespace simclr {
namespace {

bool starts_with(const std::string& text, const std::string& prefix) { return text.rfind(prefix, 0) == 0; }

/// At most five names, then how many more there are.
std::string list(const std::vector<std::string>& names) {
  std::ostringstream out;
  for (size_t i = 0; i < names.size() && i < 5; ++i) out << (i ? ", " : "") << names[i];
  if (names.size() > 5) out << " and " << names.size() - 5 << " more";
  return out.str();
}

/// Convolution kernels live channels_last, as the convolutions that read them do.
at::Tensor in_layout(const at::Tensor& value) {
  return value.contiguous(value.dim() == 4 ? at::MemoryFormat::ChannelsLast : at::MemoryFormat::Contiguous);
}

}  // namespace

int Parameters::add(const std::string& name, at::Tensor value, bool low_precision, Exclusion exclusion) {
  parameters_.push_back({name, std::move(value), low_precision, exclusion, /*trained=*/true});
  return static_cast<int>(parameters_.size()) - 1;
}

int Parameters::add_buffer(const std::string& name, at::Tensor value) {
  buffer_names_.push_back(name);
  buffers_.push_back(std::move(value));
  return static_cast<int>(buffers_.size()) - 1;
}

void Parameters::to(at::Device device, at::ScalarType dtype) {
  for (Parameter& parameter : parameters_) parameter.master = in_layout(parameter.master.to(device, dtype));
  for (at::Tensor& buffer : buffers_) {
    buffer = buffer.to(device, buffer.is_floating_point() ? dtype : buffer.scalar_type());
  }
}

std::vector<NamedTensor> Parameters::entries(const std::string& prefix) const {
  std::vector<NamedTensor> out;
  for (const Parameter& parameter : parameters_) {
    if (starts_with(parameter.name, prefix)) out.push_back({parameter.name, parameter.master});
  }
  for (size_t i = 0; i < buffers_.size(); ++i) {
    if (starts_with(buffer_names_[i], prefix)) out.push_back({buffer_names_[i], buffers_[i]});
  }
  return out;
}

int64_t Parameters::count(const std::string& prefix) const {
  int64_t total = 0;
  for (const Parameter& parameter : parameters_) {
    if (starts_with(parameter.name, prefix)) total += parameter.master.numel();
  }
  return total;
}

std::vector<NamedTensor> Parameters::state(const std::string& prefix) const {
  std::vector<NamedTensor> out = entries(prefix);
  for (NamedTensor& entry : out) {
    entry.name = entry.name.substr(prefix.size());
    entry.value = entry.value.to(at::kCPU).clone(at::MemoryFormat::Contiguous);
  }
  return out;
}

void Parameters::load(const std::vector<NamedTensor>& tensors, const std::string& prefix) {
  std::unordered_map<std::string, at::Tensor> given;
  for (const NamedTensor& tensor : tensors) given[prefix + tensor.name] = tensor.value;
  std::vector<std::string> missing, unexpected, misshapen;
  std::vector<std::pair<at::Tensor, at::Tensor>> copies;
  for (const NamedTensor& entry : entries(prefix)) {
    const auto found = given.find(entry.name);
    if (found == given.end()) {
      missing.push_back(entry.name);
      continue;
    }
    if (found->second.sizes() != entry.value.sizes()) {
      std::ostringstream text;
      text << entry.name << " (expected " << entry.value.sizes() << ", received " << found->second.sizes()
           << ")";
      misshapen.push_back(text.str());
    } else {
      copies.emplace_back(entry.value, found->second);
    }
    given.erase(found);
  }
  for (const NamedTensor& tensor : tensors) {
    if (given.count(prefix + tensor.name)) unexpected.push_back(prefix + tensor.name);
  }
  if (!missing.empty() || !unexpected.empty() || !misshapen.empty()) {
    std::string message = "These weights do not fit this network.";
    if (!missing.empty()) message += " Missing: " + list(missing) + ".";
    if (!unexpected.empty()) message += " Unexpected: " + list(unexpected) + ".";
    if (!misshapen.empty()) message += " Wrong shape: " + list(misshapen) + ".";
    message += " Check arch, width, stem, convention and head against the run that wrote them.";
    throw Error("ERR_SIMCLR_INCOMPATIBLE_WEIGHTS", message);
  }
  for (auto& [target, source] : copies) target.copy_(source);
}

}  // namespace simclr
