#pragma once

#include <array>
#include <cstddef>
#include <memory>

namespace ancillary {

/** An array of a length known at run time, on the stack up to `Small` elements. */
template <typename T, std::size_t Small>
class SmallArray {
 public:
  explicit SmallArray(std::size_t size) : size_(size) {
    if (size > Small) heap_.reset(new T[size]);
  }

  T* data() { return heap_ ? heap_.get() : small_.data(); }
  T& operator[](std::size_t index) { return data()[index]; }
  std::size_t size() const { return size_; }

 private:
  std::size_t size_;
  std::array<T, Small> small_;
  std::unique_ptr<T[]> heap_;
};

}  // namespace ancillary
