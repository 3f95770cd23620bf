/*
 * pair COMMAND... [-- COMMAND...]
 *
 * Runs the two ends of a measurement, each with its end of a socketpair at descriptor 3 and of a second one, for control,
 * at descriptor 4. Ends with 0 when both did; when one fails the other is killed. Dies with its parent, and they with it.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static void must(int holds, const char *what) {
  if (holds) return;
  perror(what);
  exit(1);
}

/* Descriptors from 10 up are out of the way of 3 and 4. */
static void make_pair(int ends[2]) {
  int made[2];
  must(socketpair(AF_UNIX, SOCK_STREAM, 0, made) == 0, "socketpair");
  for (int i = 0; i < 2; i++) {
    must(dup2(made[i], ends[i]) == ends[i], "dup2");
    close(made[i]);
  }
}

static pid_t start(char **command, int data, int control) {
  pid_t launcher = getpid();
  pid_t pid = fork();
  must(pid >= 0, "fork");
  if (pid > 0) return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != launcher) _exit(1);
  must(dup2(data, 3) == 3 && dup2(control, 4) == 4, "dup2");
  for (int fd = 10; fd < 14; fd++) close(fd);
  execvp(command[0], command);
  perror(command[0]);
  _exit(127);
}

int main(int argc, char **argv) {
  must(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0, "prctl");
  /* Also the limit of descriptors on their way (docs/kernel.md 20), which no end should wait for. */
  struct rlimit files;
  must(getrlimit(RLIMIT_NOFILE, &files) == 0, "getrlimit");
  files.rlim_cur = files.rlim_max;
  must(setrlimit(RLIMIT_NOFILE, &files) == 0, "setrlimit");

  char **first = argv + 1;
  char **second = NULL;
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--") != 0) continue;
    argv[i] = NULL;
    second = argv + i + 1;
    break;
  }
  make_pair((int[]){10, 11});
  make_pair((int[]){12, 13});
  pid_t pids[2] = {start(first, 10, 12), second == NULL ? -1 : start(second, 11, 13)};
  for (int fd = 10; fd < 14; fd++) close(fd);

  int failed = 0;
  for (int left = second == NULL ? 1 : 2; left > 0; left--) {
    int status;
    pid_t ended = wait(&status);
    must(ended > 0, "wait");
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) continue;
    failed = 1;
    for (int i = 0; i < 2; i++) {
      if (pids[i] > 0 && pids[i] != ended) kill(pids[i], SIGKILL);
    }
  }
  return failed;
}
