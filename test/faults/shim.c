/*
 * For LD_PRELOAD: gives one system call of the addon another result than the kernel would, at a moment chosen from outside
 * through a file that both sides have mapped (control.ts has the layout). Calls of Node itself pass through, but for the
 * probe of a descriptor by uv_poll_init(), which the addon makes.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

/* In the order of CALLS in calls.ts. */
enum call {
  ACCEPT4, BIND, CHMOD, CLOSE, CONNECT, EPOLL_CREATE1, EPOLL_CTL, FCHMOD, FCNTL, FLOCK, FSTAT, FTRUNCATE, GETRLIMIT,
  GETSOCKNAME, GETSOCKOPT, IOCTL, LISTEN, LSEEK, MEMFD_CREATE, OPEN, PEEK, PIPE2, POLL, PTHREAD_CREATE, PWRITE, READ,
  READLINK, RECVMSG, SEND, SENDMSG, SETSOCKOPT, SHUTDOWN, SOCKET, SOCKETPAIR, STATX, CLOSE_RANGE, UV_POLL_INIT, WRITE,
  CALLS
};

enum action { ERRNO = 1, SHORT = 2, TRUNCATED = 3, NOTHING = 4 };

struct control {
  /** Not 0 while calls are counted. */
  atomic_int on;
  atomic_int call;
  /** The first call with the fault, and the first without it again. */
  atomic_int from, to;
  atomic_int action, value;
  atomic_int fired;
  /** close(2) of a number that is not open, by anybody. */
  atomic_int badCloses;
  atomic_int counts[CALLS];
};

static struct control *control;
static uintptr_t addonStart, addonEnd, nodeStart, nodeEnd;

static int findRange(struct dl_phdr_info *info, size_t size, void *first) {
  (void)size;
  uintptr_t start = UINTPTR_MAX, end = 0;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *const part = &info->dlpi_phdr[i];
    if (part->p_type != PT_LOAD) continue;
    const uintptr_t from = info->dlpi_addr + part->p_vaddr;
    if (from < start) start = from;
    if (from + part->p_memsz > end) end = from + part->p_memsz;
  }
  if (*(int *)first) nodeStart = start, nodeEnd = end;
  else if (strstr(info->dlpi_name, "ancillary.node") != NULL) addonStart = start, addonEnd = end;
  *(int *)first = 0;
  return 0;
}

static int on(void) {
  if (control == NULL || !atomic_load(&control->on)) return 0;
  if (addonEnd == 0) {
    int first = 1;
    dl_iterate_phdr(findRange, &first);
  }
  return addonEnd != 0;
}

static int ofAddon(const void *caller) {
  return on() && (uintptr_t)caller >= addonStart && (uintptr_t)caller < addonEnd;
}

/** Whether this call is one with the fault: its action, or 0. */
static int strikes(enum call call) {
  const int number = atomic_fetch_add(&control->counts[call], 1);
  if (call != (enum call)atomic_load(&control->call) || number < atomic_load(&control->from) ||
      number >= atomic_load(&control->to)) {
    return 0;
  }
  atomic_fetch_add(&control->fired, 1);
  return atomic_load(&control->action);
}

#define OURS (ofAddon(__builtin_return_address(0)))
#define REAL(name) ((__typeof__(&name))real_##name)
#define FAIL_AS_TOLD return errno = atomic_load(&control->value), -1

#define EACH_CALL(X) \
  X(accept4) X(bind) X(chmod) X(close) X(connect) X(epoll_create1) X(epoll_ctl) X(fchmod) X(fcntl) X(fcntl64) X(flock) \
  X(fstat) X(fstat64) X(ftruncate) X(ftruncate64) X(getrlimit) X(getrlimit64) X(getsockname) X(getsockopt) X(ioctl) \
  X(listen) X(lseek) X(lseek64) X(memfd_create) X(open) X(open64) X(pipe2) X(poll) X(pthread_create) X(pwrite) \
  X(pwrite64) X(read) X(readlink) X(recvmsg) X(send) X(sendmsg) X(setsockopt) X(shutdown) X(socket) X(socketpair) \
  X(syscall) X(write)
#define DECLARE(name) static void *real_##name;
#define FIND(name) real_##name = dlsym(RTLD_NEXT, #name);
EACH_CALL(DECLARE)

__attribute__((constructor)) static void start(void) {
  EACH_CALL(FIND)
  const char *const path = getenv("ANCILLARY_FAULTS");
  if (path == NULL) return;
  const int fd = ((int (*)(const char *, int, ...))real_open)(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) abort();
  void *const mapped = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ((int (*)(int))real_close)(fd);
  if (mapped == MAP_FAILED) abort();
  control = mapped;
}

/* A call that knows no other fault than an errno. */
#define PLAIN(CALL, result, name, parameters, arguments)                 \
  result name parameters {                                               \
    if (OURS && strikes(CALL)) FAIL_AS_TOLD;                              \
    return ((result(*) parameters)real_##name)arguments;                 \
  }

struct stat;
struct rlimit;
struct rlimit64;
struct pollfd;

PLAIN(ACCEPT4, int, accept4, (int fd, struct sockaddr *a, socklen_t *n, int flags), (fd, a, n, flags))
PLAIN(BIND, int, bind, (int fd, const struct sockaddr *a, socklen_t n), (fd, a, n))
PLAIN(CHMOD, int, chmod, (const char *path, mode_t mode), (path, mode))
PLAIN(CONNECT, int, connect, (int fd, const struct sockaddr *a, socklen_t n), (fd, a, n))
PLAIN(EPOLL_CREATE1, int, epoll_create1, (int flags), (flags))
PLAIN(FCHMOD, int, fchmod, (int fd, mode_t mode), (fd, mode))
PLAIN(FLOCK, int, flock, (int fd, int how), (fd, how))
PLAIN(FSTAT, int, fstat, (int fd, struct stat *into), (fd, into))
PLAIN(FSTAT, int, fstat64, (int fd, struct stat64 *into), (fd, into))
PLAIN(FTRUNCATE, int, ftruncate, (int fd, off_t size), (fd, size))
PLAIN(FTRUNCATE, int, ftruncate64, (int fd, off64_t size), (fd, size))
PLAIN(GETSOCKNAME, int, getsockname, (int fd, struct sockaddr *a, socklen_t *n), (fd, a, n))
PLAIN(GETSOCKOPT, int, getsockopt, (int fd, int level, int name, void *v, socklen_t *n), (fd, level, name, v, n))
PLAIN(LISTEN, int, listen, (int fd, int backlog), (fd, backlog))
PLAIN(LSEEK, off_t, lseek, (int fd, off_t at, int whence), (fd, at, whence))
PLAIN(LSEEK, off64_t, lseek64, (int fd, off64_t at, int whence), (fd, at, whence))
PLAIN(MEMFD_CREATE, int, memfd_create, (const char *name, unsigned flags), (name, flags))
PLAIN(PIPE2, int, pipe2, (int pair[2], int flags), (pair, flags))
PLAIN(POLL, int, poll, (struct pollfd *fds, unsigned long count, int ms), (fds, count, ms))
PLAIN(READLINK, ssize_t, readlink, (const char *path, char *into, size_t size), (path, into, size))
PLAIN(SETSOCKOPT, int, setsockopt, (int fd, int level, int name, const void *v, socklen_t n), (fd, level, name, v, n))
PLAIN(SHUTDOWN, int, shutdown, (int fd, int how), (fd, how))
PLAIN(SOCKET, int, socket, (int domain, int type, int protocol), (domain, type, protocol))
PLAIN(SOCKETPAIR, int, socketpair, (int domain, int type, int protocol, int pair[2]), (domain, type, protocol, pair))

int getrlimit(int resource, struct rlimit *into) {
  if (OURS && strikes(GETRLIMIT)) FAIL_AS_TOLD;
  return ((int (*)(int, struct rlimit *))real_getrlimit)(resource, into);
}

int getrlimit64(int resource, struct rlimit64 *into) {
  if (OURS && strikes(GETRLIMIT)) FAIL_AS_TOLD;
  return ((int (*)(int, struct rlimit64 *))real_getrlimit64)(resource, into);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*main)(void *), void *given) {
  if (OURS && strikes(PTHREAD_CREATE)) return atomic_load(&control->value);
  typedef int (*Create)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
  return ((Create)real_pthread_create)(thread, attributes, main, given);
}

/** Whatever it answers, the kernel has freed the number. */
int close(int fd) {
  const int fails = OURS && strikes(CLOSE);
  const int result = ((int (*)(int))real_close)(fd);
  if (result < 0 && errno == EBADF && control != NULL && atomic_load(&control->on)) atomic_fetch_add(&control->badCloses, 1);
  if (fails) FAIL_AS_TOLD;
  return result;
}

int epoll_ctl(int epoll, int operation, int fd, struct epoll_event *event) {
  const uintptr_t caller = (uintptr_t)__builtin_return_address(0);
  // What uv_poll_init() asks whether a descriptor can be polled; the other calls of libuv end the process if they fail.
  const int probe = on() && caller >= nodeStart && caller < nodeEnd && operation == EPOLL_CTL_ADD && event != NULL &&
                    event->data.fd == -1;
  if (probe ? strikes(UV_POLL_INIT) : operation != EPOLL_CTL_DEL && OURS && strikes(EPOLL_CTL)) FAIL_AS_TOLD;
  return ((int (*)(int, int, int, struct epoll_event *))real_epoll_ctl)(epoll, operation, fd, event);
}

static int fcntlWith(void *real, int ours, int fd, int command, long argument) {
  if (ours && strikes(FCNTL)) FAIL_AS_TOLD;
  return ((int (*)(int, int, ...))real)(fd, command, argument);
}

static long argumentOf(va_list list) { return va_arg(list, long); }

#define FCNTL_NAMED(name)                              \
  int name(int fd, int command, ...) {                 \
    va_list list;                                      \
    va_start(list, command);                           \
    const long argument = argumentOf(list);            \
    va_end(list);                                      \
    return fcntlWith(real_##name, OURS, fd, command, argument); \
  }
FCNTL_NAMED(fcntl)
FCNTL_NAMED(fcntl64)

int ioctl(int fd, unsigned long request, ...) {
  va_list list;
  va_start(list, request);
  const long argument = argumentOf(list);
  va_end(list);
  if (OURS && strikes(IOCTL)) FAIL_AS_TOLD;
  return ((int (*)(int, unsigned long, ...))real_ioctl)(fd, request, argument);
}

#define OPEN_NAMED(name)                               \
  int name(const char *path, int flags, ...) {         \
    va_list list;                                      \
    va_start(list, flags);                             \
    const long mode = argumentOf(list);                \
    va_end(list);                                      \
    if (OURS && strikes(OPEN)) FAIL_AS_TOLD;           \
    return ((int (*)(const char *, int, ...))real_##name)(path, flags, mode); \
  }
OPEN_NAMED(open)
OPEN_NAMED(open64)

static size_t atMost(size_t size) {
  const size_t most = (size_t)atomic_load(&control->value);
  return size < most ? size : most;
}

#define SIZED(CALL, name, buffer, rest, more)                                    \
  ssize_t name(int fd, buffer bytes, size_t size more) {                         \
    const int action = OURS ? strikes(CALL) : 0;                                 \
    if (action == ERRNO) FAIL_AS_TOLD;                                           \
    if (action == SHORT) size = atMost(size);                                    \
    return ((ssize_t(*)(int, buffer, size_t more))real_##name)(fd, bytes, size rest); \
  }
#define COMMA ,
SIZED(READ, read, void *, , )
SIZED(WRITE, write, const void *, , )
SIZED(SEND, send, const void *, COMMA flags, COMMA int flags)
SIZED(PWRITE, pwrite, const void *, COMMA at, COMMA off_t at)
SIZED(PWRITE, pwrite64, const void *, COMMA at, COMMA off64_t at)

/** The first `value` bytes of what a message has room for, or has. */
static void shorten(struct msghdr *message, struct iovec *part) {
  size_t first = 0;
  while (first + 1 < message->msg_iovlen && message->msg_iov[first].iov_len == 0) first++;
  if (message->msg_iovlen == 0) return;
  *part = message->msg_iov[first];
  part->iov_len = atMost(part->iov_len);
  message->msg_iov = part;
  message->msg_iovlen = 1;
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags) {
  typedef ssize_t (*Receive)(int, struct msghdr *, int);
  const enum call call = (flags & MSG_PEEK) != 0 ? PEEK : RECVMSG;
  const int action = OURS ? strikes(call) : 0;
  if (action == ERRNO) FAIL_AS_TOLD;
  if (action == NOTHING) return message->msg_controllen = 0, message->msg_flags = 0, 0;
  if (action == 0) return ((Receive)real_recvmsg)(fd, message, flags);
  struct msghdr other = *message;
  struct iovec part;
  if (action == SHORT) shorten(&other, &part);
  else {
    const size_t count = (size_t)atomic_load(&control->value);
    other.msg_controllen = count == 0 ? 0 : CMSG_LEN(count * sizeof(int));
  }
  const ssize_t result = ((Receive)real_recvmsg)(fd, &other, flags);
  message->msg_controllen = other.msg_controllen;
  message->msg_flags = other.msg_flags;
  return result;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags) {
  typedef ssize_t (*Send)(int, const struct msghdr *, int);
  const int action = OURS ? strikes(SENDMSG) : 0;
  if (action == ERRNO) FAIL_AS_TOLD;
  struct msghdr other = *message;
  struct iovec part;
  if (action == SHORT) shorten(&other, &part);
  return ((Send)real_sendmsg)(fd, &other, flags);
}

long syscall(long number, ...) {
  va_list list;
  va_start(list, number);
  long a[6];
  for (int i = 0; i < 6; i++) a[i] = va_arg(list, long);
  va_end(list);
  if (number == SYS_statx && OURS && strikes(STATX)) FAIL_AS_TOLD;
  if (number == SYS_close_range && OURS && strikes(CLOSE_RANGE)) FAIL_AS_TOLD;
  return ((long (*)(long, ...))real_syscall)(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
