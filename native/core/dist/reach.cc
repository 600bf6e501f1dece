#include "core/dist/reach.h"

#include <fcntl.h>
#include <ifaddrs.h>
#include <limits.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <system_error>
#include <thread>

#include "core/dist/store.h"

namespace simclr {
namespace {

using Clock = std::chrono::steady_clock;

/// How long a rank that answers at all takes to do so.
constexpr std::chrono::seconds kReach{3};

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

std::string in_words(int error) { return std::generic_category().message(error); }

Addresses resolve(const char* host, const char* port, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* found = nullptr;
  if (getaddrinfo(host, port, &hints, &found) != 0) found = nullptr;
  return {found, &freeaddrinfo};
}

/// -1 where the address is not of this machine.
int listen_on(const sockaddr* address, socklen_t length) {
  const int socket = ::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return -1;
  if (bind(socket, address, length) == 0 && listen(socket, SOMAXCONN) == 0) return socket;
  close(socket);
  return -1;
}

int listen_on_name(const char* name) {
  const Addresses found = resolve(name, "0", 0);
  for (const addrinfo* at = found.get(); at != nullptr; at = at->ai_next) {
    const int socket = listen_on(at->ai_addr, at->ai_addrlen);
    if (socket >= 0) return socket;
  }
  return -1;
}

int listen_on_interface(const std::string& name) {
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return -1;
  int socket = -1;
  for (const ifaddrs* at = list; at != nullptr && socket < 0; at = at->ifa_next) {
    if (at->ifa_addr == nullptr || name != at->ifa_name) continue;
    const int family = at->ifa_addr->sa_family;
    if (family == AF_INET) socket = listen_on(at->ifa_addr, sizeof(sockaddr_in));
    if (family == AF_INET6) socket = listen_on(at->ifa_addr, sizeof(sockaddr_in6));
  }
  freeifaddrs(list);
  return socket;
}

/// As gloo_connection.cc chooses its device, and c10d's createDefaultDevice the loopback where a name leads
/// nowhere.
int listen_as_gloo(bool loopback) {
  if (const char* interface = std::getenv("GLOO_SOCKET_IFNAME")) return listen_on_interface(interface);
  char name[HOST_NAME_MAX + 1] = {};
  const bool named = !loopback && gethostname(name, HOST_NAME_MAX) == 0;
  const int socket = named ? listen_on_name(name) : -1;
  return socket >= 0 ? socket : listen_on_name("127.0.0.1");
}

/// A connection being made: a socket, or why there is none.
struct Attempt {
  int socket = -1;
  std::string problem;

  void close() {
    if (socket >= 0) ::close(socket);
    socket = -1;
  }
};

Attempt begin_connecting(const std::string& address) {
  const size_t space = address.find(' ');
  const Addresses found = resolve(address.substr(0, space).c_str(), address.substr(space + 1).c_str(),
                                  AI_NUMERICHOST | AI_NUMERICSERV);
  if (!found) return {-1, "no address"};
  Attempt attempt;
  attempt.socket = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (attempt.socket < 0 ||
      (connect(attempt.socket, found->ai_addr, found->ai_addrlen) != 0 && errno != EINPROGRESS)) {
    attempt.problem = in_words(errno);
    attempt.close();
  }
  return attempt;
}

/// For each address why it cannot be reached: empty where it can, and for an empty one.
std::vector<std::string> why_unreachable(const std::vector<std::string>& addresses,
                                         std::chrono::milliseconds limit) {
  std::vector<Attempt> attempts;
  for (const std::string& address : addresses)
    attempts.push_back(address.empty() ? Attempt{} : begin_connecting(address));
  const auto until = Clock::now() + limit;
  for (;;) {
    std::vector<pollfd> waiting;
    for (const Attempt& attempt : attempts)
      if (attempt.socket >= 0) waiting.push_back({attempt.socket, POLLOUT, 0});
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    if (waiting.empty() || left <= 0) break;
    if (poll(waiting.data(), waiting.size(), static_cast<int>(left)) < 0 && errno != EINTR) break;
    for (const pollfd& ready : waiting) {
      if (ready.revents == 0) continue;
      for (Attempt& attempt : attempts) {
        if (attempt.socket != ready.fd) continue;
        int error = 0;
        socklen_t length = sizeof error;
        getsockopt(ready.fd, SOL_SOCKET, SO_ERROR, &error, &length);
        if (error != 0) attempt.problem = in_words(error);
        attempt.close();
      }
    }
  }
  std::vector<std::string> problems;
  for (Attempt& attempt : attempts) {
    problems.push_back(attempt.socket >= 0 ? "no answer" : attempt.problem);
    attempt.close();
  }
  return problems;
}

}  // namespace

Doorbell::Doorbell(bool loopback) : socket_(listen_as_gloo(loopback)) {
  sockaddr_storage own{};
  socklen_t length = sizeof own;
  auto* address = reinterpret_cast<sockaddr*>(&own);
  if (socket_ < 0 || getsockname(socket_, address, &length) != 0) return;
  char host[NI_MAXHOST], port[NI_MAXSERV];
  if (getnameinfo(address, length, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) ==
      0)
    address_ = std::string(host) + " " + port;
}

Doorbell::~Doorbell() {
  if (socket_ >= 0) close(socket_);
}

std::string name_unreachable(const std::vector<std::string>& doorbells, int own) {
  const std::vector<std::string> problems = why_unreachable(doorbells, kReach);
  std::string text;
  for (int rank = 0; rank < static_cast<int>(doorbells.size()); ++rank) {
    if (rank == own || problems[rank].empty()) continue;
    if (!text.empty()) text += ", ";
    const std::string& doorbell = doorbells[rank];
    text +=
        name_ranks({rank}) + " at " + doorbell.substr(0, doorbell.find(' ')) + " (" + problems[rank] + ")";
  }
  if (!text.empty()) return text;
  std::this_thread::sleep_for(2 * kReach);
  return "another rank";
}

}  // namespace simclr
