#pragma once

#include <sys/types.h>

namespace ancillary {

/** Names the calling thread; 0 where the system has no such names. */
pid_t currentThread();

/**
 * Whether a thread of this process runs, or would if it had a processor: it is not stuck then. True where nobody can say,
 * for want of /proc or of a descriptor.
 */
bool isRunnable(pid_t thread);

}  // namespace ancillary
