#include "core/dist/process_group.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>

#include "core/device_kernels.h"
#include "core/dist/apart.h"
#include "core/dist/c10d.h"
#include "core/dist/gloo_connection.h"
#include "core/dist/host_memory.h"
#include "core/dist/patience.h"
#include "core/dist/reach.h"
#include "core/dist/rendezvous.h"
#include "core/dist/store.h"
#include "core/dist/watch.h"
#include "core/error.h"

namespace simclr {
namespace {

using Clock = std::chrono::steady_clock;

/// Above this a gathered sum would move more than a ring does.
constexpr int64_t kGatherBytes = 1 << 16;

/// How long after c10d's own timeouts a call of it is given up.
constexpr std::chrono::seconds kStoreMargin{3};

/// NCCL's own timeout comes after ours, which asks the others before it gives up.
constexpr std::chrono::seconds kDeviceMargin{30};

/// How long opening connections may take at most: all ranks are there.
constexpr std::chrono::seconds kConnect{60};

}  // namespace

/// What a waiting thread sleeps on: the end of its collective, or an alarm. Outlives the group, whose
/// callbacks hold it.
struct ProcessGroup::Wakeup {
  std::mutex mutex;
  std::condition_variable changed;
  void notify() {
    std::lock_guard lock(mutex);
    changed.notify_all();
  }
};

struct Pending::Work {
  c10::intrusive_ptr<c10d::Work> c10d;
};

/// Collectives that go in one order.
struct ProcessGroup::Channel {
  c10::intrusive_ptr<c10d::Backend> gloo;
  c10::intrusive_ptr<c10d::Backend> device;  // null until a tensor comes that is not a CPU's
};

struct ProcessGroup::Connections {
  c10::intrusive_ptr<c10d::Store> store;
  Channel batch, gradients;
};

ProcessGroup::ProcessGroup(const RankSpec& spec)
    : spec_(spec),
      patience_(std::make_shared<Patience>(spec.timeout)),
      wakeup_(std::make_shared<Wakeup>()),
      connections_(std::make_unique<Connections>()) {}

ProcessGroup::~ProcessGroup() { close(); }

template <class Result>
Result ProcessGroup::aside(std::function<Result(const std::atomic<bool>& left)> work,
                           const std::function<void()>& look) {
  return apart<Result>(std::move(work), [&] {
    if (watch_ && watch_->alarmed()) watch_->rethrow();
    if (stop_ && !steps_) throw_aborted();
    look();
  });
}

template <class Result>
Result ProcessGroup::asking_store(const char* what,
                                  std::function<Result(const std::atomic<bool>& left)> ask) {
  const auto start = Clock::now();
  const auto look = [&] {
    if (Clock::now() < patience_->deadline(start) + kStoreMargin) return;
    if (!watch_) throw_silent_store(spec_, what);
    watch_->alarm(std::string("the store does not answer: ") + what);
    watch_->rethrow();
  };
  std::string cause;
  try {
    return aside<Result>(std::move(ask), look);
  } catch (const Error&) {
    throw;
  } catch (const c10::Error& error) {
    cause = "the store failed (" + first_line(error) + ")";
  } catch (const std::exception& error) {
    cause = first_line(error);
  }
  if (!watch_) {
    throw Error("ERR_SIMCLR_RANK",
                "Rank 0's store at " + address(spec_) + " is gone while " + what + ": " + cause + ".");
  }
  watch_->alarm(cause);
  watch_->rethrow();
}

void ProcessGroup::watch_over(const RankSpec& spec) {
  auto watch = std::make_unique<Watch>(spec, patience_);
  watch->on_alarm([wakeup = wakeup_] { wakeup->notify(); });
  std::lock_guard lock(wakeup_->mutex);  // set_activity may be looking
  watch_ = std::move(watch);
}

void ProcessGroup::drop_watch() {
  std::unique_ptr<Watch> watch;
  std::lock_guard lock(wakeup_->mutex);
  watch.swap(watch_);
}

std::vector<std::string> ProcessGroup::join(const std::string& hello) {
  using Store = c10::intrusive_ptr<c10d::Store>;
  const Store store =
      asking_store<Store>("opening it", [spec = spec_](const std::atomic<bool>& left) -> Store {
        return open_store(spec, spec.serves_store, left);
      });
  connections_->store = store;
  for (int64_t round = 0;;) {
    round = asking_store<int64_t>("waiting for rank 0", [=, spec = spec_](const std::atomic<bool>& left) {
      return take_place(*store, spec, round, left);
    });
    watch_over(in_round(spec_, round));
    using Hellos = std::optional<std::vector<std::string>>;
    const Hellos hellos =
        asking_store<Hellos>("waiting for others", [=, spec = spec_](const std::atomic<bool>& left) {
          return meet_in_round(store, spec, round, hello, left);
        });
    if (!hellos) {
      drop_watch();
      continue;
    }
    connections_->store = in_round(store, round);
    return *hellos;
  }
}

void ProcessGroup::connect() {
  // Where rank 0 alone calls its host localhost, the others could not reach it there.
  const std::vector<std::string> hosts = exchange(is_loopback(spec_.host) ? "loopback" : "");
  const bool loopback =
      std::all_of(hosts.begin(), hosts.end(), [](const auto& host) { return host == "loopback"; });
  const Doorbell doorbell(loopback);
  const std::vector<std::string> doorbells = exchange(doorbell.address());
  const auto limit = std::min<std::chrono::milliseconds>(spec_.timeout, kConnect);
  const auto until = Clock::now() + limit + kStoreMargin;
  using Both = std::array<c10::intrusive_ptr<c10d::Backend>, 2>;
  try {
    const auto connect = [=, store = connections_->store, spec = spec_](const std::atomic<bool>&) {
      return Both{connect_gloo(store, "batch", spec, loopback, limit),
                  connect_gloo(store, "gradients", spec, loopback, limit)};
    };
    const auto look = [&] {
      if (Clock::now() > until) throw std::runtime_error("nothing came for " + in_seconds(limit));
    };
    const Both both = aside<Both>(connect, look);
    connections_->batch.gloo = both[0];
    connections_->gradients.gloo = both[1];
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    watch_->alarm("no connection to " + name_unreachable(doorbells, spec_.rank) + " over " +
                  network_of(loopback) + " (" + first_line(error) + ")");
    watch_->rethrow();
  }
  if (spec_.local_size == spec_.size)
    host_ = HostMemory::open(spec_.rank, spec_.size, [this](const auto& text) { return exchange(text); });
}

c10d::Backend& ProcessGroup::backend(Channel& channel, const at::Tensor& value, const char* name) {
  if (value.is_cpu()) return *channel.gloo;
  if (!channel.device) {
    const DeviceKernels* kernels = device_kernels(value.device());
    if (kernels == nullptr) {
      throw Error("ERR_SIMCLR_DEVICE", "Expected a device with collectives between processes but received " +
                                           value.device().str() + ". Train there in one process.");
    }
    const auto prefix = std::string("device/") + name;
    channel.device =
        kernels->collectives({c10::make_intrusive<c10d::PrefixStore>(prefix, connections_->store), spec_.rank,
                              spec_.size, spec_.timeout + kDeviceMargin});
  }
  return *channel.device;
}

std::vector<std::string> ProcessGroup::exchange(const std::string& text) {
  using Texts = std::vector<std::string>;
  const std::string round = "exchange/" + std::to_string(exchanges_++) + "/";
  return asking_store<Texts>("comparing with others", [=, store = connections_->store, spec = spec_,
                                                       patience = patience_](const std::atomic<bool>& left) {
    return exchange_texts(*store, spec, round, text, *patience, left);
  });
}

void ProcessGroup::outlast_first() {
  if (!watch_ || !connections_->store) return;
  const auto start = Clock::now();
  try {
    apart<bool>(
        [store = connections_->store](const std::atomic<bool>& left) {
          while (!left && !store->check({"closed/0"}))
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
          return true;
        },
        [&] {
          if (watch_->alarmed()) watch_->rethrow();
          if (patience_->is_over(start)) watch_->alarm("rank 0 writes no longer");
        });
  } catch (const std::exception&) {
    // It has failed or is stopped, or its store has gone with it.
  }
}

template <class Start>
Pending ProcessGroup::start(const at::Tensor& value, const char* what, const Start& begin) {
  if (watch_->alarmed()) watch_->rethrow();
  ++collectives_;
  bytes_ += static_cast<int64_t>(value.nbytes());
  try {
    auto work = std::make_shared<Pending::Work>(Pending::Work{begin()});
    work->c10d->getFuture()->addCallback([wakeup = wakeup_](c10::ivalue::Future&) { wakeup->notify(); });
    return {std::move(work), value};
  } catch (const std::exception& error) {
    watch_->alarm(std::string(what) + " failed (" + first_line(error) + ")");
    watch_->rethrow();
  }
}

void ProcessGroup::settle() {
  const auto start = Clock::now();
  for (const Pending& pending : unsettled_) {
    c10d::Work& work = *pending.work->c10d;
    while (!work.isCompleted() && !watch_->alarmed()) {
      if (patience_->is_over(start))
        watch_->alarm("a step made no progress for " + in_seconds(spec_.timeout));
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
    if (work.isCompleted() && work.exception() && !watch_->alarmed()) {
      watch_->alarm("a collective on the GPU failed");
    }
    if (!watch_->alarmed()) continue;
    // Kernels that wait for a rank that is gone would keep the GPU, and whoever frees memory, waiting too.
    for (Channel* channel : {&connections_->batch, &connections_->gradients}) {
      if (channel->device) channel->device->abort();
    }
    unsettled_.clear();
    watch_->rethrow();
  }
  unsettled_.clear();
}

void ProcessGroup::wait(const Pending& pending, const char* what) {
  if (!pending.value.is_cpu()) {
    pending.work->c10d->wait();
    unsettled_.push_back(pending);
    return;
  }
  const auto future = pending.work->c10d->getFuture();
  bool done;
  const auto start = Clock::now();
  {
    std::unique_lock lock(wakeup_->mutex);
    const auto ended = [&] { return future->completed() || watch_->alarmed(); };
    while (!wakeup_->changed.wait_until(lock, patience_->deadline(start), ended)) {
      if (patience_->is_over(start)) break;
    }
    done = future->completed();
  }
  if (!done) {
    if (!watch_->alarmed())
      watch_->alarm(std::string(what) + " made no progress for " + in_seconds(spec_.timeout));
    watch_->rethrow();
  }
  try {
    pending.work->c10d->wait();
  } catch (const std::exception& error) {
    watch_->alarm(std::string(what) + " failed (" + first_line(error) + ")");
    watch_->rethrow();
  }
}

std::function<void(int, bool, Clock::time_point)> ProcessGroup::watching(const char* what) {
  return [this, what](int rank, bool gone, Clock::time_point start) {
    if (!watch_->alarmed() && gone) {
      watch_->alarm(std::string(what) + " failed (" + name_ranks({rank}) + " has ended)");
    }
    if (!watch_->alarmed() && patience_->is_over(start)) {
      watch_->alarm(std::string(what) + " made no progress for " + in_seconds(spec_.timeout));
    }
    if (watch_->alarmed()) watch_->rethrow();
  };
}

at::Tensor ProcessGroup::share_memory(int64_t bytes) {
  if (!host_) return {};
  const std::shared_ptr<std::byte> memory = host_->allocate(bytes, watching("sharing memory"));
  if (!memory) return {};
  return at::from_blob(
      memory.get(), {bytes}, [memory](void*) {}, at::kByte);
}

void ProcessGroup::meet(const char* what, int64_t bytes) {
  ++collectives_;
  bytes_ += bytes;
  host_->meet(watching(what));
}

at::Tensor ProcessGroup::all_gather(const at::Tensor& value) {
  std::vector<at::Tensor> inputs{value.contiguous()};
  std::vector<int64_t> shape{spec_.size};
  shape.insert(shape.end(), value.sizes().begin(), value.sizes().end());
  const at::Tensor out = at::empty(shape, value.options());
  if (host_ && value.is_cpu()) {
    ++collectives_;
    bytes_ += static_cast<int64_t>(value.nbytes());
    host_->all_gather(inputs[0].const_data_ptr(), static_cast<int64_t>(value.nbytes()),
                      out.mutable_data_ptr(), watching("gathering"));
    return out;
  }
  std::vector<std::vector<at::Tensor>> outputs{out.unbind(0)};
  wait(start(inputs[0], "gathering",
             [&] { return backend(connections_->batch, out, "batch").allgather(outputs, inputs); }),
       "gathering");
  return out;
}

at::Tensor ProcessGroup::all_reduce_sum(const at::Tensor& value) {
  const bool in_memory = host_ && value.is_cpu();
  if (in_memory || static_cast<int64_t>(value.nbytes()) * spec_.size <= kGatherBytes)
    return all_gather(value).sum(0);
  std::vector<at::Tensor> values{value.clone(at::MemoryFormat::Contiguous)};
  wait(start(values[0], "adding up",
             [&] { return backend(connections_->batch, value, "batch").allreduce(values); }),
       "adding up");
  return values[0];
}

void ProcessGroup::broadcast(at::Tensor value) {
  std::vector<at::Tensor> values{value};
  wait(start(value, "sharing the weights",
             [&] { return backend(connections_->batch, value, "batch").broadcast(values); }),
       "sharing the weights");
  settle();
}

Pending ProcessGroup::reduce_async(at::Tensor value) {
  std::vector<at::Tensor> values{value};
  return start(value, "adding up gradients",
               [&] { return backend(connections_->gradients, value, "gradients").allreduce(values); });
}

void ProcessGroup::announce(const std::string& message, bool is_stop) {
  if (watch_) watch_->announce(message, is_stop);
}

void ProcessGroup::set_activity(const std::string& activity) {
  std::lock_guard lock(wakeup_->mutex);  // JavaScript's thread, while another one joins or closes
  if (watch_) watch_->set_activity(activity);
}

void ProcessGroup::set_at_work(bool at_work) {
  std::lock_guard lock(wakeup_->mutex);
  if (watch_) watch_->set_at_work(at_work);
}

void ProcessGroup::close() {
  if (!watch_) return;
  const bool failed = watch_->alarmed();
  watch_->close();
  // After a failure, destroying connections would wait for collectives that may never end; the process is
  // about to.
  if (failed) {
    connections_.release();
  } else if (connections_) {
    // In good order: what NCCL's destructor does instead is for processes that fail.
    for (Channel* channel : {&connections_->batch, &connections_->gradients})
      if (channel->device) channel->device->shutdown();
  }
  connections_.reset();
  host_.reset();
  drop_watch();
}

}  // namespace simclr
