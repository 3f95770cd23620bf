#include "thread_state.h"

#include <fcntl.h>
#include <unistd.h>

#ifdef __linux__
#include <sys/syscall.h>
#endif

#include <cstdio>
#include <cstring>

#include "unique_fd.h"

namespace ancillary {

pid_t currentThread() {
#ifdef __linux__
  return static_cast<pid_t>(syscall(SYS_gettid));
#else
  return 0;
#endif
}

bool isRunnable(pid_t thread) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/self/task/%d/stat", static_cast<int>(thread));
  const UniqueFd file(open(path, O_RDONLY | O_CLOEXEC));
  if (!file) return true;
  char text[128];
  const ssize_t length = read(file.get(), text, sizeof text - 1);
  if (length <= 0) return true;
  text[length] = '\0';
  // proc_pid_stat(5): the state comes after the name, which is in parentheses and may have some itself.
  const char* const name = std::strrchr(text, ')');
  return name == nullptr || std::strncmp(name, ") R", 3) == 0;
}

}  // namespace ancillary
