#include "thread_poller.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <cerrno>
#include <utility>

namespace ancillary {
namespace {

/** Handles count their ids from 1. */
constexpr std::uint64_t kStopId = 0;
constexpr int kMostReports = 64;

std::uint32_t toEpoll(int events) {
  // EPOLLERR and EPOLLHUP are always reported.
  std::uint32_t result = EPOLLONESHOT;
  if ((events & kPollReadable) != 0) result |= EPOLLIN;
  if ((events & kPollWritable) != 0) result |= EPOLLOUT;
  return result;
}

int fromEpoll(std::uint32_t events) {
  // A peer that is gone can be read to the end, and written to for its errno.
  if ((events & (EPOLLHUP | EPOLLERR)) != 0) return kPollReadable | kPollWritable | kPollHangup;
  return ((events & EPOLLIN) != 0 ? kPollReadable : 0) | ((events & EPOLLOUT) != 0 ? kPollWritable : 0);
}

}  // namespace

class ThreadPoller::Handle final : public DescriptorWatch {
 public:
  Handle(ThreadPoller& poller, int fd, std::uint64_t id, Listener& listener)
      : poller_(poller), listener_(listener), id_(id), fd_(fd) {
    poller_.handles_.emplace(id_, this);
  }

  ~Handle() override {
    // Also while a report has disarmed it: epoll would keep the open file for as long as anybody has it.
    if (registered_) change(0);
    updateHold();
    poller_.forget(id_);
  }

  int watch(int events) override {
    const int error = events == watching_ ? 0 : change(events);
    updateHold();
    return error;
  }

  void setRef(bool on) override {
    ref_ = on;
    updateHold();
  }

  void deliver(std::uint32_t events) {
    const int wanted = watching_;
    // Disarmed by its report. It goes on holding the loop until the listener says what to watch now.
    watching_ = 0;
    listener_.onPoll((events & EPOLLERR) != 0, fromEpoll(events) & wanted);
  }

 private:
  void close() override { delete this; }

  int change(int events) {
    epoll_event event{};
    event.events = toEpoll(events);
    event.data.u64 = id_;
    const int operation = events == 0 ? EPOLL_CTL_DEL : registered_ ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
    watching_ = 0;
    const int result = epoll_ctl(poller_.epoll_.get(), operation, fd_, &event);
    if (events == 0) registered_ = false;
    if (result < 0) return -errno;
    registered_ = events != 0;
    watching_ = events;
    return 0;
  }

  void updateHold() {
    const bool holds = ref_ && watching_ != 0;
    if (holds != holds_) poller_.hold(holds);
    holds_ = holds;
  }

  ThreadPoller& poller_;
  Listener& listener_;
  const std::uint64_t id_;
  const int fd_;
  int watching_ = 0;
  /** Whether epoll knows the descriptor; armed only while something is watched. */
  bool registered_ = false;
  bool ref_ = true;
  bool holds_ = false;
};

std::unique_ptr<ThreadPoller> ThreadPoller::make(Napi::Env env) {
  auto poller = std::unique_ptr<ThreadPoller>(new ThreadPoller(env));
  const auto name = Napi::String::New(env, "ANCILLARYPOLLER");
  // The hook comes after the function, and so runs before that one's own: a thread must not call it once it is gone.
  if (napi_create_threadsafe_function(env, nullptr, nullptr, name, 0, 1, nullptr, nullptr, poller.get(), onWake,
                                      &poller->wake_) != napi_ok ||
      napi_unref_threadsafe_function(env, poller->wake_) != napi_ok ||
      napi_add_env_cleanup_hook(env, onCleanup, poller.get()) != napi_ok) {
    return nullptr;
  }
  return poller;
}

int ThreadPoller::open(int fd, DescriptorWatch::Listener& listener, DescriptorWatch::Owner& into) {
  const int flags = fcntl(fd, F_GETFL);
  if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0) return -errno;
  const int error = start();
  if (error != 0) return error;
  into.reset(new Handle(*this, fd, ++lastId_, listener));
  return 0;
}

int ThreadPoller::start() {
  if (running_) return 0;
  UniqueFd epoll(epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) return -errno;
  UniqueFd stop(eventfd(0, EFD_CLOEXEC));
  if (!stop) return -errno;
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = kStopId;
  if (epoll_ctl(epoll.get(), EPOLL_CTL_ADD, stop.get(), &event) < 0) return -errno;
  epoll_ = std::move(epoll);
  stop_ = std::move(stop);

  // The thread inherits the mask: signals are for the runtime's own threads.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  const int error = pthread_create(
      &thread_, nullptr,
      [](void* poller) -> void* {
        static_cast<ThreadPoller*>(poller)->run();
        return nullptr;
      },
      this);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  running_ = error == 0;
  return -error;
}

void ThreadPoller::run() {
  epoll_event events[kMostReports];
  std::vector<Report> reports;
  for (;;) {
    const int count = epoll_wait(epoll_.get(), events, kMostReports, -1);
    if (count < 0 && errno != EINTR) return;
    reports.clear();
    for (int i = 0; i < count; ++i) {
      if (events[i].data.u64 == kStopId) {
        eventfd_t ignored;
        eventfd_read(stop_.get(), &ignored);
        {
          const std::lock_guard<std::mutex> lock(mutex_);
          if (stopping_) return;
          if (reports_.empty()) continue;
        }
        wake();
        continue;
      }
      reports.push_back({events[i].data.u64, events[i].events});
    }
    if (!reports.empty()) hand(reports);
  }
}

void ThreadPoller::hand(const std::vector<Report>& reports) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    const bool pending = !reports_.empty();
    reports_.insert(reports_.end(), reports.begin(), reports.end());
    if (pending || delivering_) return;
  }
  wake();
}

void ThreadPoller::wake() {
  if (closing_) return;
  closing_ = napi_call_threadsafe_function(wake_, nullptr, napi_tsfn_nonblocking) == napi_closing;
}

void ThreadPoller::onWake(napi_env env, napi_value, void* poller, void*) {
  // Without an environment this only empties the function's queue.
  if (env != nullptr) static_cast<ThreadPoller*>(poller)->deliver();
}

void ThreadPoller::deliver() {
  std::vector<Report> reports;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    reports.swap(reports_);
    delivering_ = true;
  }
  for (const Report& report : reports) {
    const auto found = handles_.find(report.id);
    if (found != handles_.end()) found->second->deliver(report.events);
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  delivering_ = false;
  // By the thread: a call from here would be served before the event loop goes on to anything else.
  if (!reports_.empty() && running_) eventfd_write(stop_.get(), 1);
}

void ThreadPoller::hold(bool one) {
  if (wake_ == nullptr) return;
  if (one && holding_++ == 0) napi_ref_threadsafe_function(env_, wake_);
  if (!one && --holding_ == 0) napi_unref_threadsafe_function(env_, wake_);
}

void ThreadPoller::forget(std::uint64_t id) {
  handles_.erase(id);
  if (handles_.empty()) stop();
}

void ThreadPoller::stop() {
  if (!running_) return;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
  }
  eventfd_write(stop_.get(), 1);
  pthread_join(thread_, nullptr);
  stopping_ = false;
  running_ = false;
  reports_.clear();
  epoll_.reset();
  stop_.reset();
}

void ThreadPoller::release() {
  stop();
  napi_threadsafe_function const wake = std::exchange(wake_, nullptr);
  if (wake != nullptr && !closing_) napi_release_threadsafe_function(wake, napi_tsfn_abort);
}

}  // namespace ancillary
