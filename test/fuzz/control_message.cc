// Whatever stands in control data: nothing is read outside of it, every descriptor of it is adopted, and what is not handed out
// is closed, once.
#include "control_message.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "ledger.h"

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

/** What was adopted is what was handed out and what was closed. */
void checkAccount(const ancillary::Ledger& ledger, const std::vector<int>& handedOut) {
  std::vector<int> all = handedOut;
  all.insert(all.end(), ledger.closed.begin(), ledger.closed.end());
  std::vector<int> adopted = ledger.adopted;
  std::sort(all.begin(), all.end());
  std::sort(adopted.begin(), adopted.end());
  require(all == adopted);
}

void parse(const unsigned char* control, std::size_t size, std::size_t capacity) {
  ancillary::Ledger ledger;
  // On the heap and no larger, so that the sanitizer sees what goes beyond.
  std::vector<int> fds(capacity);
  const std::size_t count = ancillary::adoptDescriptors(control, size, 3, ledger, fds.data(), capacity);
  require(count <= capacity);
  require(ledger.adopted.size() * sizeof(int) <= size);
  fds.resize(count);
  checkAccount(ledger, fds);
}

/** What is built is read as it was. */
void roundTrip(const unsigned char* data, std::size_t size) {
  std::vector<int> sent(std::min(size / sizeof(int), ancillary::kMaxFds));
  if (sent.empty()) return;
  std::memcpy(sent.data(), data, sent.size() * sizeof(int));
  for (int& fd : sent) fd &= 0x7fffffff;
  std::vector<unsigned char> control(CMSG_SPACE(sent.size() * sizeof(int)));
  const std::size_t length = ancillary::buildRights(control.data(), sent.data(), sent.size());
  require(length <= control.size());
  ancillary::Ledger ledger;
  std::vector<int> received(ancillary::kMaxFds);
  received.resize(ancillary::adoptDescriptors(control.data(), length, 3, ledger, received.data(), received.size()));
  require(received == sent);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::size_t capacity = data[0] * 2U;
  const std::size_t rest = size - 1;
  const std::unique_ptr<unsigned char[]> copy(new unsigned char[rest]);
  if (rest > 0) std::memcpy(copy.get(), data + 1, rest);
  parse(copy.get(), rest, capacity);
  roundTrip(copy.get(), rest);
  return 0;
}
