#include "core/dist/gloo_connection.h"

#include <cstdlib>

namespace simclr {
namespace {

/// A wait may be longer than any limit while another rank is at work (patience.h).
constexpr std::chrono::hours kAlways{24 * 365};

/// GLOO_SOCKET_IFNAME if it is set, the loopback, or what the machine's name resolves to.
std::shared_ptr<gloo::transport::Device> device_for(bool loopback) {
  using c10d::ProcessGroupGloo;
  if (const char* interface = std::getenv("GLOO_SOCKET_IFNAME")) {
    return ProcessGroupGloo::createDeviceForInterface(interface);
  }
  if (loopback) return ProcessGroupGloo::createDeviceForHostname("127.0.0.1");
  return ProcessGroupGloo::createDefaultDevice();
}

}  // namespace

bool is_loopback(const std::string& host) { return host == "localhost" || host.rfind("127.", 0) == 0; }

c10::intrusive_ptr<c10d::Backend> connect_gloo(const c10::intrusive_ptr<c10d::Store>& store, const char* name,
                                               const RankSpec& spec, bool loopback,
                                               std::chrono::milliseconds limit) {
  auto options = c10d::ProcessGroupGloo::Options::create(limit);  // to connect
  options->devices.push_back(device_for(loopback));
  options->threads = 1;  // one collective at a time, in order
  c10::intrusive_ptr<c10d::Backend> backend = c10::make_intrusive<c10d::ProcessGroupGloo>(
      c10::make_intrusive<c10d::PrefixStore>(name, store), spec.rank, spec.size, options);
  backend->setTimeout(kAlways);  // of collectives
  return backend;
}

std::string network_of(bool loopback) {
  if (const char* interface = std::getenv("GLOO_SOCKET_IFNAME")) {
    return std::string("the interface ") + interface + " of GLOO_SOCKET_IFNAME";
  }
  if (loopback) return "127.0.0.1, since every rank's MASTER_ADDR is this machine";
  return "the address that this machine's name resolves to (set GLOO_SOCKET_IFNAME to use another interface)";
}

}  // namespace simclr
