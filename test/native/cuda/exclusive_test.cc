// Values from a source that goes round: nobody gets what another has.
#include "cuda/learn/exclusive.h"

#include "testing.h"

using simclr::cuda::Exclusive;

int main() {
  int handed_out = 0;
  const auto next = [&] { return handed_out++ % 3; };
  Exclusive<int> values;
  EXPECT(values.take(next, 3) == 0);
  EXPECT(values.take(next, 3) == 1);
  EXPECT(next() == 2 && next() == 0 && next() == 1);  // others ask the source, too
  EXPECT(values.take(next, 3) == 2);
  EXPECT(!values.take(next, 3));
  values.give_back(1);
  EXPECT(values.take(next, 3) == 1);
  EXPECT(!values.take(next, 3));
  std::printf("ok\n");
}
