#pragma once

#include <napi.h>
#include <pthread.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "poller.h"
#include "unique_fd.h"

namespace ancillary {

/**
 * Polls with Node-API alone, for runtimes without libuv: a thread waits in epoll_wait and wakes JavaScript by a
 * thread-safe function. Each report disarms its descriptor (EPOLLONESHOT) until JavaScript has dealt with it.
 */
class ThreadPoller final : public Poller {
 public:
  /** Null where the environment has no thread-safe functions, or is ending. */
  static std::unique_ptr<ThreadPoller> make(Napi::Env env);

  ~ThreadPoller() override { release(); }

  int open(int fd, DescriptorWatch::Listener& listener, DescriptorWatch::Owner& into) override;
  bool isLibuv() const override { return false; }

 private:
  class Handle;

  /** What epoll_wait reported of a handle, by its id: its descriptor's number may be another's by now. */
  struct Report {
    std::uint64_t id;
    std::uint32_t events;
  };

  explicit ThreadPoller(Napi::Env env) : env_(env) {}

  /** Starts the thread, which runs while there are handles. 0, or a negative errno. */
  int start();
  void stop();
  void forget(std::uint64_t id);

  /** Gives the thread-safe function back. */
  void release();
  static void onCleanup(void* poller) { static_cast<ThreadPoller*>(poller)->release(); }

  // On the thread. Besides these two it touches the epoll instance and the thread-safe function only.
  void run();
  void wake();
  void hand(const std::vector<Report>& reports);

  static void onWake(napi_env env, napi_value, void* poller, void*);
  void deliver();

  /** One handle more, or one fewer, that keeps the event loop running. */
  void hold(bool one);

  Napi::Env env_;
  napi_threadsafe_function wake_ = nullptr;
  /** The thread learned that the environment is ending, which gave {@link wake_} back. Read once the thread ended. */
  bool closing_ = false;
  UniqueFd epoll_;
  /** An eventfd, readable when the thread should end, or wake JavaScript for reports that came while it delivered. */
  UniqueFd stop_;
  pthread_t thread_{};
  bool running_ = false;

  std::mutex mutex_;
  /** Not yet delivered; guarded by {@link mutex_}. */
  std::vector<Report> reports_;
  /** Reports that come meanwhile wait for {@link stop_} to wake the thread; guarded as they are. */
  bool delivering_ = false;
  bool stopping_ = false;

  std::unordered_map<std::uint64_t, Handle*> handles_;
  std::uint64_t lastId_ = 0;
  std::size_t holding_ = 0;
};

}  // namespace ancillary
