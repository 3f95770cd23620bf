/*
 * crowd-server PATH - PENDING FRAMES CONNECTIONS...
 *
 * The reference for crowd/pending.mjs: a plain epoll loop that reads what waits on each connection, large reads until
 * there is no more. What it costs to have many connections here, the kernel and the processor's caches take.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define CONTROL 4
#define FRAME 64
#define BACKLOG 511
#define EVENTS 1024

static int loop;
static uint64_t frames_read, frames_sent;

static void must(int holds, const char *what) {
  if (holds) return;
  perror(what);
  exit(1);
}

static double now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e9 + time.tv_nsec;
}

static void command(uint32_t connections, uint32_t frames) {
  uint32_t numbers[2] = {connections, frames};
  must(write(CONTROL, numbers, sizeof numbers) == sizeof numbers, "control");
}

static void wait_until_done(void) {
  char byte;
  must(read(CONTROL, &byte, 1) == 1, "control");
}

static int listen_at(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  must(strlen(path) < sizeof address.sun_path, "path");
  strcpy(address.sun_path, path);
  int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  must(fd >= 0 && bind(fd, (struct sockaddr *)&address, sizeof address) == 0, "bind");
  must(listen(fd, BACKLOG) == 0, "listen");
  return fd;
}

static void accept_one(int listener) {
  int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  must(fd >= 0, "accept");
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  must(epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl");
}

static void read_all(int fd) {
  static char buffer[65536];
  for (;;) {
    ssize_t got = recv(fd, buffer, sizeof buffer, 0);
    if (got < 0 && errno == EAGAIN) return;
    must(got > 0 && got % FRAME == 0, "recv");
    frames_read += got / FRAME;
  }
}

static double read_pending(uint32_t connections, uint32_t pending) {
  static struct epoll_event events[EVENTS];
  command(connections, pending);
  wait_until_done();
  frames_sent += (uint64_t)connections * pending;
  double start = now_ns();
  while (frames_read < frames_sent) {
    int ready = epoll_wait(loop, events, EVENTS, -1);
    must(ready >= 0, "epoll_wait");
    for (int i = 0; i < ready; i++) read_all(events[i].data.fd);
  }
  return now_ns() - start;
}

static double cost(uint32_t connections, uint32_t pending, uint64_t frames) {
  uint64_t in_one_go = (uint64_t)connections * pending;
  uint64_t rounds = (frames + in_one_go - 1) / in_one_go;
  double ns = 0;
  for (uint64_t round = 0; round < rounds; round++) ns += read_pending(connections, pending);
  return ns / (rounds * in_one_go);
}

int main(int argc, char **argv) {
  must(argc > 5, "arguments");
  uint32_t pending = atoi(argv[3]);
  uint64_t frames = atoll(argv[4]);
  uint32_t open = 0;
  loop = epoll_create1(EPOLL_CLOEXEC);
  must(loop >= 0, "epoll_create1");
  int listener = listen_at(argv[1]);
  printf("{\"end\":\"receiver\",\"costs\":[");
  for (int i = 5; i < argc; i++) {
    uint32_t wanted = atoi(argv[i]);
    command(wanted, 0);
    for (; open < wanted; open++) accept_one(listener);
    wait_until_done();
    cost(open, pending, frames);
    printf("%s[%u,%.1f]", i > 5 ? "," : "", open, cost(open, pending, frames));
  }
  printf("],\"connections\":%u,\"frames\":%llu,\"expected\":%llu}\n", open, (unsigned long long)frames_read,
         (unsigned long long)frames_sent);
  return 0;
}
