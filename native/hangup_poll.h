#pragma once

#include <uv.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <unordered_map>

#include "unique_fd.h"

namespace ancillary {

/**
 * Tells when peers have hung up, and nothing else: the sockets stand in an epoll descriptor with no events, for which only
 * EPOLLHUP and EPOLLERR are reported, and libuv polls that descriptor. Nothing that libuv can poll a socket for does: each of its
 * events may also come of what a peer sends, and then comes again and again, UV_PRIORITIZED of a byte out of band
 * (docs/kernel.md 26).
 */
class HangupPoll {
 public:
  class Listener {
   public:
    /** Once for each change. `error`: there was EPOLLERR. May come without reason. */
    virtual void onHangup(bool error) = 0;

   protected:
    ~Listener() = default;
  };

  struct Closer {
    void operator()(HangupPoll* poll) const { poll->close(); }
  };
  using Owner = std::unique_ptr<HangupPoll, Closer>;

  /** 0, or a negative errno. Once libuv has let go of it, which is after its owner has, `onGone(data)` is called. */
  static int open(uv_loop_t* loop, void (*onGone)(void*), void* data, Owner& into);

  HangupPoll(const HangupPoll&) = delete;
  HangupPoll& operator=(const HangupPoll&) = delete;

  /** Sets `id`, which is never 0, and returns 0; or a negative errno. */
  int add(int fd, Listener& listener, std::uint64_t& id);
  void remove(int fd, std::uint64_t id);

  /** One more reason for the loop to go on, or one less. */
  void hold(bool one);

 private:
  HangupPoll(UniqueFd epoll, void (*onGone)(void*), void* data);
  ~HangupPoll() = default;

  void close();
  uv_handle_t* base() { return reinterpret_cast<uv_handle_t*>(&poll_); }

  static void onReadable(uv_poll_t* poll, int status, int events);
  static void onClosed(uv_handle_t* base);

  UniqueFd epoll_;
  uv_poll_t poll_;
  void (*const onGone_)(void*);
  void* const data_;
  /** By numbers that are given out once: epoll may keep a file whose descriptor was closed behind our back. */
  std::unordered_map<std::uint64_t, Listener*> listeners_;
  std::uint64_t lastId_ = 0;
  std::size_t holding_ = 0;
};

}  // namespace ancillary
