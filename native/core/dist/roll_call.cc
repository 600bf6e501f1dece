#include "core/dist/roll_call.h"

#include <cstring>
#include <sstream>
#include <string>

#include "core/error.h"

namespace simclr {
namespace {

int64_t bits_of(double value) {
  int64_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  return bits;
}

double value_of(int64_t bits) {
  double value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

template <class T>
[[noreturn]] void differs(const char* what, int rank, T theirs, T first) {
  std::ostringstream message;
  message << "Expected the same " << what << " on all ranks but rank " << rank << " is at " << theirs
          << " and rank 0 at " << first << ". Start all ranks with the same options and data.";
  throw Error("ERR_SIMCLR_RANK", message.str());
}

}  // namespace

RollCall call_roll(ProcessGroup& processes, const RollAnswer& answer) {
  processes.begin_step();
  const std::vector<int64_t> mine{answer.images, answer.shards, answer.step, bits_of(answer.lr),
                                  processes.asked_to_stop()};
  const at::Tensor all = processes.all_gather(at::tensor(mine, at::kLong));
  const auto* rows = all.const_data_ptr<int64_t>();
  RollCall roll;
  for (int rank = 0; rank < processes.size(); ++rank) {
    const int64_t* row = rows + rank * static_cast<int64_t>(mine.size());
    if (row[2] != rows[2]) differs("step", rank, row[2], rows[2]);
    if (row[3] != rows[3]) differs("learning rate", rank, value_of(row[3]), value_of(rows[3]));
    if (rank < processes.rank()) roll.first_image += row[0];
    roll.images.push_back(row[0]);
    roll.shards.push_back(row[1]);
    roll.stop |= row[4] != 0;
  }
  return roll;
}

}  // namespace simclr
