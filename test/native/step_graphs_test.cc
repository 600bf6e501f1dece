// When steps run, are recorded and are replayed, on plain numbers.
#include "core/learn/step_graphs.h"

#include "testing.h"

using namespace simclr;

namespace {

/// What a step works on: `in` times a weight that moves with every step, plus the images, goes to `out`.
struct Numbers {
  int in = 0, out = 0;
};

struct Log {
  std::string words;
  int alive = 0;         // recordings
  bool refuses = false;  // to record
  std::exception_ptr cause = std::make_exception_ptr(std::runtime_error("no capture here\nstack"));
};

/// Says what it is asked for, and replays by doing the work again.
class Recorder final : public WorkRecorder {
 public:
  explicit Recorder(Log& log) : log_(log) {}
  void run(const std::function<void()>& work) override {
    log_.words += "run ";
    work();
  }
  std::unique_ptr<RecordedWork> record(const std::function<void()>& work) override {
    log_.words += "record ";
    if (log_.refuses) std::rethrow_exception(log_.cause);
    return std::make_unique<Recorded>(log_, work);
  }

 private:
  struct Recorded final : RecordedWork {
    Recorded(Log& l, std::function<void()> w) : log(l), work(std::move(w)) { ++log.alive; }
    ~Recorded() override { --log.alive; }
    void replay() override {
      log.words += "replay ";
      work();
    }
    Log& log;
    const std::function<void()> work;
  };
  Log& log_;
};

struct Bench {
  explicit Bench(bool must = false) : graphs(std::make_unique<Recorder>(log), must) {}

  /// One step of `images`; returns what it was in words.
  std::string step(int64_t images, int in, bool probe = false, int64_t size = 32) {
    log.words.clear();
    const auto outcome = graphs.run(
        {images, size, size, probe}, [in](Numbers& memory) { memory.in = in; },
        [this, images](Numbers& memory) {
          memory.out = memory.in * weight + static_cast<int>(images);
          ++weight;
        });
    EXPECT(outcome.memory.out == in * (weight - 1) + images);
    EXPECT(outcome.replayed == (log.words.find("replay") != std::string::npos));
    problem = outcome.problem;
    return log.words;
  }

  Log log;
  int weight = 1;
  StepGraphs<Numbers> graphs;
  std::string problem;
};

void after_three_steps_of_a_shape() {
  Bench bench;
  for (int step = 0; step < kWarmUpSteps; ++step) EXPECT(bench.step(8, step) == "run ");
  EXPECT(bench.step(8, 5) == "record replay ");
  for (int step = 0; step < 5; ++step) EXPECT(bench.step(8, 7 * step) == "replay ");
  EXPECT(bench.problem.empty() && !bench.graphs.gave_up());
}

/// Everything that changes the work makes a shape of its own.
void shapes_are_told_apart() {
  Bench bench;
  for (int step = 0; step < 4; ++step) bench.step(8, step);
  EXPECT(bench.step(7, 1) == "run ");
  EXPECT(bench.step(8, 1, /*probe=*/true) == "run ");
  EXPECT(bench.step(8, 1) == "replay ");
}

/// Views of another size: what was recorded goes before the first step of theirs.
void sizes_do_not_share_memory() {
  Bench bench;
  for (int step = 0; step < 4; ++step) bench.step(8, step);
  EXPECT(bench.log.alive == 1);
  EXPECT(bench.step(8, 1, false, /*size=*/48) == "run " && bench.log.alive == 0);
  for (int step = 0; step < 2; ++step) EXPECT(bench.step(8, step, false, 48) == "run ");
  EXPECT(bench.step(8, 1, false, 48) == "record replay ");
  EXPECT(bench.step(8, 1) == "run " && bench.log.alive == 0);
}

/// Full and uneven batches keep their recordings; a third shape takes the place of both, which begin anew if
/// they come back.
void few_recordings_are_kept() {
  Bench bench;
  for (int step = 0; step < 4; ++step) {
    bench.step(8, step);
    bench.step(5, step);
  }
  EXPECT(bench.log.alive == 2);
  EXPECT(bench.step(8, 1) == "replay " && bench.step(5, 1) == "replay ");
  for (int step = 0; step < 3; ++step) EXPECT(bench.step(3, step) == "run ");
  EXPECT(bench.log.alive == 2);
  EXPECT(bench.step(3, 3) == "record replay ");
  EXPECT(bench.log.alive == 1);
  EXPECT(bench.step(5, 3) == "run ");
  EXPECT(bench.step(8, 3) == "run ");
  EXPECT(bench.step(3, 4) == "replay ");
}

/// Batches of ever new sizes cost no memory.
void shapes_that_never_come_back() {
  Bench bench;
  for (int images = 1; images < 1000; ++images) EXPECT(bench.step(images, 1) == "run ");
  EXPECT(bench.log.alive == 0);
  EXPECT(bench.step(1, 1) == "run ");
}

/// The step at which recording fails is computed all the same, once, and says why; recordings go.
void steps_go_on_where_recording_fails() {
  Bench bench;
  for (int step = 0; step < 4; ++step) bench.step(8, step);
  bench.log.refuses = true;
  for (int step = 0; step < 3; ++step) bench.step(5, step);
  const int weight = bench.weight;
  EXPECT(bench.step(5, 3) == "record ");
  EXPECT(bench.weight == weight + 1);
  EXPECT(bench.problem == "no capture here");
  EXPECT(bench.graphs.gave_up() && bench.log.alive == 0);
  EXPECT(bench.step(8, 4) == "" && bench.problem.empty());
}

void must_is_an_error() {
  Bench bench(/*must=*/true);
  bench.log.refuses = true;
  for (int step = 0; step < 3; ++step) bench.step(5, step);
  const int weight = bench.weight;
  try {
    bench.step(5, 3);
    EXPECT(!"an error");
  } catch (const Error& error) {
    EXPECT(error.code() == "ERR_SIMCLR_NATIVE");
    EXPECT(std::string(error.what()).find("(no capture here)") != std::string::npos);
    EXPECT(std::string(error.what()).find("`cudaGraph`") != std::string::npos);
  }
  EXPECT(bench.weight == weight);
}

/// Who runs out of memory while recording is told what of, as of any other step.
template <class Cause>
void memory_is_an_error_of_its_own(const Cause& cause) {
  Bench bench(/*must=*/true);
  bench.log.refuses = true;
  bench.log.cause = std::make_exception_ptr(cause);
  for (int step = 0; step < 3; ++step) bench.step(5, step);
  bool as_it_was = false;
  try {
    bench.step(5, 3);
  } catch (const Error&) {
  } catch (const Cause&) {
    as_it_was = true;
  }
  EXPECT(as_it_was);

  Bench tries;  // without `must` steps go on, which need less
  tries.log.refuses = true;
  tries.log.cause = bench.log.cause;
  for (int step = 0; step < 3; ++step) tries.step(5, step);
  EXPECT(tries.step(5, 3) == "record " && !tries.problem.empty());
}

void rehearsal_does_it_again() {
  StepGraphs<Numbers> graphs(std::make_unique<Rehearsal>(), false);
  int done = 0;
  for (int step = 0; step < 6; ++step) {
    const auto outcome = graphs.run(
        {8, 8, 8, false}, [&](Numbers& memory) { memory.in = step; },
        [&done](Numbers& memory) {
          memory.out = 2 * memory.in;
          ++done;
        });
    EXPECT(outcome.memory.out == 2 * step && done == step + 1);
    EXPECT(outcome.replayed == (step >= kWarmUpSteps));
  }
}

}  // namespace

int main() {
  after_three_steps_of_a_shape();
  shapes_are_told_apart();
  sizes_do_not_share_memory();
  few_recordings_are_kept();
  shapes_that_never_come_back();
  steps_go_on_where_recording_fails();
  must_is_an_error();
  memory_is_an_error_of_its_own(std::bad_alloc());
  memory_is_an_error_of_its_own(std::runtime_error("CUDA out of memory. Tried to allocate 2.00 GiB."));
  rehearsal_does_it_again();
  std::puts("ok");
}
