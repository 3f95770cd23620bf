#pragma once

#include <memory>

namespace ancillary {

/** What a handle waits for, as bits. */
enum PollEvent : int {
  kPollReadable = 1,
  kPollWritable = 2,
  /** The peer closed both directions. May come without reason: ask hungUp(). */
  kPollHangup = 4,
};

/** One descriptor that is polled. */
class DescriptorWatch {
 public:
  class Listener {
   public:
    /**
     * `error`: EPOLLERR, which may hide EPOLLIN and EPOLLOUT. What is watched now is open: the listener calls watch()
     * before it returns, or closes the handle.
     */
    virtual void onPoll(bool error, int events) = 0;

   protected:
    ~Listener() = default;
  };

  struct Closer {
    void operator()(DescriptorWatch* handle) const { handle->close(); }
  };
  using Owner = std::unique_ptr<DescriptorWatch, Closer>;

  DescriptorWatch() = default;
  DescriptorWatch(const DescriptorWatch&) = delete;
  DescriptorWatch& operator=(const DescriptorWatch&) = delete;

  /** Watches these {@link PollEvent}s, level-triggered, none for 0. 0, or a negative errno. */
  virtual int watch(int events) = 0;

  /** Whether it keeps the event loop running while it watches something; true at first. */
  virtual void setRef(bool on) = 0;

 protected:
  virtual ~DescriptorWatch() = default;

  /** Stops polling at once, so that the descriptor may be closed right after. No event follows. */
  virtual void close() = 0;
};

/**
 * How one environment waits for its descriptors. Its functions are called on the environment's own thread. It adds a cleanup
 * hook of its own, before which the handles have to be closed: hooks run last first, so add the hook that closes them later.
 */
class Poller {
 public:
  Poller() = default;
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;
  virtual ~Poller() = default;

  /** Makes `fd` non-blocking. 0, or a negative errno; -EEXIST when it is known that something else polls that number. */
  virtual int open(int fd, DescriptorWatch::Listener& listener, DescriptorWatch::Owner& into) = 0;

  /** Whether this is Node's own way of waiting; runtimes with another one differ from Node in more than that. */
  virtual bool isLibuv() const = 0;
};

}  // namespace ancillary
