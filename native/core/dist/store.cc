#include "core/dist/store.h"

#include <c10/util/Logging.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <sstream>
#include <thread>

#include "core/error.h"

namespace simclr {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// c10d's attempts cannot be interrupted, so each is short; long enough for a packet that is lost.
constexpr milliseconds kTry{2000};

/// What c10d warns of, with stacks, becomes an error of ours, said once. TORCH_CPP_LOG_LEVEL overrides.
void quieten_c10d() {
  static std::once_flag once;
  std::call_once(once, [] {
    // The flag, not the variable: the environment must not change under threads that read it.
    if (std::getenv("TORCH_CPP_LOG_LEVEL") == nullptr) FLAGS_caffe2_log_level = c10::GLOG_ERROR;
    c10::initLogging();
  });
}

[[noreturn]] void throw_unopened(const RankSpec& spec, bool serve, const std::string& cause) {
  if (serve && cause.find("EADDRINUSE") != std::string::npos) {
    throw Error("ERR_SIMCLR_RANK", "Expected a free port for rank 0's store but " + address(spec) +
                                       " is in use. Set MASTER_PORT to another one for all ranks.");
  }
  if (serve) {
    throw Error("ERR_SIMCLR_RANK", "Rank 0 cannot open its store at " + address(spec) + ": " + cause +
                                       ". MASTER_ADDR must be an address of the machine that runs rank 0.");
  }
  throw Error("ERR_SIMCLR_RANK",
              "Rank " + std::to_string(spec.rank) + " of " + std::to_string(spec.size) +
                  " found no store at " + address(spec) + " within " + in_seconds(spec.timeout) +
                  ": rank 0 did not start there, or the network does not let it through (" + cause + ").");
}

}  // namespace

c10::intrusive_ptr<c10d::Store> open_store(const RankSpec& spec, bool serve,
                                           const std::atomic<bool>& give_up) {
  quieten_c10d();
  c10d::TCPStoreOptions options;
  options.port = spec.port;
  options.isServer = serve;
  options.waitWorkers = false;
  if (serve && spec.store_socket >= 0) {
    options.masterListenFd = spec.store_socket;
    options.useLibUV = false;  // of c10d's servers the one that takes a socket over
  }
  const auto until = Clock::now() + spec.timeout;
  for (;;) {
    const auto left = std::chrono::duration_cast<milliseconds>(until - Clock::now());
    options.timeout = serve ? left : std::clamp(left, milliseconds{1}, kTry);
    try {
      const auto store = c10::make_intrusive<c10d::TCPStore>(spec.host, options);
      store->setTimeout(spec.timeout);
      return c10::make_intrusive<c10d::PrefixStore>("simclr/" + spec.generation, store);
    } catch (const c10::Error& error) {
      if (give_up) throw_aborted();
      if (serve || Clock::now() >= until) throw_unopened(spec, serve, first_line(error));
      std::this_thread::sleep_for(milliseconds{20});  // where an attempt fails at once
    }
  }
}

std::string address(const RankSpec& spec) { return spec.host + ":" + std::to_string(spec.port); }

void throw_silent_store(const RankSpec& spec, const std::string& noticed) {
  throw Error("ERR_SIMCLR_RANK", "Rank 0's store at " + address(spec) +
                                     " does not answer: rank 0, or the launcher that serves the store, is "
                                     "stopped or cut off (noticed here: " +
                                     noticed + ").");
}

void throw_aborted() {
  throw Error("ERR_SIMCLR_ABORTED", "This rank was asked to stop before the run had begun.");
}

std::string get_text(c10d::Store& store, const std::string& key) {
  const std::vector<uint8_t> bytes = store.get(key);
  return {bytes.begin(), bytes.end()};
}

void set_text(c10d::Store& store, const std::string& key, const std::string& value) {
  store.set(key, std::vector<uint8_t>(value.begin(), value.end()));
}

std::vector<std::string> exchange_texts(c10d::Store& store, const RankSpec& spec, const std::string& round,
                                        const std::string& text, const Patience& patience,
                                        const std::atomic<bool>& left) {
  set_text(store, round + std::to_string(spec.rank), text);
  std::vector<std::string> all;
  const auto start = Clock::now();
  for (int rank = 0; rank < spec.size; ++rank) {
    const std::string key = round + std::to_string(rank);
    while (!store.check({key})) {
      if (left || patience.is_over(start)) {
        throw std::runtime_error("rank " + std::to_string(rank) + " sent nothing for " +
                                 in_seconds(spec.timeout));
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    all.push_back(get_text(store, key));
  }
  return all;
}

std::string first_line(const std::exception& error) {
  const auto* torch = dynamic_cast<const c10::Error*>(&error);
  return first_line(std::string(torch ? torch->what_without_backtrace() : error.what()));
}

std::string name_ranks(const std::vector<int>& ranks) {
  std::string text = ranks.size() == 1 ? "rank " : "ranks ";
  for (size_t i = 0; i < ranks.size(); ++i) {
    if (i > 0) text += i + 1 == ranks.size() ? " and " : ", ";
    text += std::to_string(ranks[i]);
  }
  return text;
}

std::string in_seconds(std::chrono::milliseconds time) {
  std::ostringstream text;
  text << static_cast<double>(time.count()) / 1000 << " s";
  return text.str();
}

}  // namespace simclr
