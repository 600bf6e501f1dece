// The one error the core throws on purpose. The binding turns it into a JavaScript error with `code`.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace simclr {

/// `code` is one of ERR_SIMCLR_*; the message says what was expected, what came and what to do.
class Error : public std::runtime_error {
 public:
  Error(std::string code, const std::string& message) : std::runtime_error(message), code_(std::move(code)) {}
  const std::string& code() const { return code_; }

 private:
  std::string code_;
};

/// What a failure says, without the stacks and figures that follow in LibTorch's messages.
inline std::string first_line(const std::string& text) { return text.substr(0, text.find('\n')); }

}  // namespace simclr
