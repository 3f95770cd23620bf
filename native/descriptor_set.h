#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace ancillary {

/**
 * A set of descriptor numbers, one bit each: the kernel hands out the lowest free number, so the words stay few, and
 * entering or striking off a descriptor allocates nothing once the highest number was seen.
 */
class DescriptorSet {
 public:
  /** False when it was in already. */
  bool insert(int fd) {
    const std::size_t word = wordOf(fd);
    if (word >= words_.size()) words_.resize(word + 1 + words_.size());
    const bool added = (words_[word] & bitOf(fd)) == 0;
    words_[word] |= bitOf(fd);
    return added;
  }

  /** False when it was not in. */
  bool erase(int fd) {
    if (!has(fd)) return false;
    words_[wordOf(fd)] &= ~bitOf(fd);
    return true;
  }

  bool has(int fd) const {
    return fd >= 0 && wordOf(fd) < words_.size() && (words_[wordOf(fd)] & bitOf(fd)) != 0;
  }

  /** Empties the set, giving each number to `take`. */
  template <typename Take>
  void drain(Take take) {
    for (std::size_t word = 0; word < words_.size(); ++word) {
      for (int bit = 0; words_[word] != 0; ++bit) {
        const std::uint64_t mask = std::uint64_t{1} << bit;
        if ((words_[word] & mask) == 0) continue;
        words_[word] &= ~mask;
        take(static_cast<int>(word * kBits) + bit);
      }
    }
  }

 private:
  static constexpr std::size_t kBits = 64;
  static std::size_t wordOf(int fd) { return static_cast<std::size_t>(fd) / kBits; }
  static std::uint64_t bitOf(int fd) { return std::uint64_t{1} << (static_cast<std::size_t>(fd) % kBits); }

  std::vector<std::uint64_t> words_;
};

}  // namespace ancillary
