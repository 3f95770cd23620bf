#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

// Stands for native/ledger.h where the parser is fuzzed: the numbers in its input are no descriptors, and must not be closed.
namespace ancillary {

enum class Origin : std::uint8_t { made, socket, adopted, received };

class Ledger {
 public:
  std::uint32_t sourceOf(int) const { return 7; }

  void adopt(int fd, Origin origin, std::uint32_t source) {
    if (fd < 0 || origin != Origin::received || source != 7) std::abort();
    adopted.push_back(fd);
  }

  int close(int fd) {
    closed.push_back(fd);
    return 0;
  }

  /** In the order of the input. */
  std::vector<int> adopted;
  std::vector<int> closed;
};

}  // namespace ancillary
