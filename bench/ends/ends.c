/*
 * ends END WORK WARMUP COUNT SIZE FDS FIRST LAST
 *
 * The reference: both ends of each work as a plain blocking program would do it, one system call for each message. The
 * socket is descriptor 3. Each end prints one line of JSON; see measure/report-line.mjs for what is in it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define SOCKET 3
#define MAX_FDS 253
#define PIECE 65536
#define BURST 64
#define BACKLOG 511

static long warmup, total, size, fd_count;
static const char *end_name;
static int files[2]; /* FIRST and LAST */
static struct sockaddr_un address = {.sun_family = AF_UNIX};

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

static double cpu_ns(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e9 +
         (usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e3;
}

static void identify(int fd, char *text, size_t room) {
  struct stat info;
  must(fstat(fd, &info) == 0, "fstat");
  snprintf(text, room, "%llu:%llu", (unsigned long long)info.st_dev, (unsigned long long)info.st_ino);
}

/* What went one way, and the clock between the end of the warm-up and the last message. */
struct meter {
  long messages, fds;
  double bytes, start, ns, cpu_start, cpu;
  char first[48], last[48];
};

static struct meter sent, received;

/* Counts a message; `fds` are still open. */
static void count(struct meter *meter, long bytes, const int *fds, long fd_total) {
  meter->messages++;
  meter->bytes += bytes;
  meter->fds += fd_total;
  if (fd_total > 0 && meter->messages == 1) identify(fds[0], meter->first, sizeof meter->first);
  if (fd_total > 0 && meter->messages == total) identify(fds[fd_total - 1], meter->last, sizeof meter->last);
  if (meter->messages == warmup) {
    meter->start = now_ns();
    meter->cpu_start = cpu_ns();
  }
  if (meter->messages == total) {
    meter->ns = now_ns() - meter->start;
    meter->cpu = cpu_ns() - meter->cpu_start;
  }
}

static void print_meter(const char *name, const struct meter *meter) {
  printf(",\"%s\":{\"messages\":%ld,\"bytes\":%.0f,\"fds\":%ld,\"first\":\"%s\",\"last\":\"%s\",\"ns\":%.0f,\"cpu\":%.0f}", name,
         meter->messages, meter->bytes, meter->fds, meter->first, meter->last, meter->ns, meter->cpu);
}

static void report(const double *trips) {
  printf("{\"end\":\"%s\"", end_name);
  if (sent.messages > 0) print_meter("sent", &sent);
  if (received.messages > 0) print_meter("received", &received);
  if (trips != NULL) {
    long measured = total - warmup;
    printf(",\"p50\":%.0f,\"p99\":%.0f", trips[measured / 2], trips[measured * 99 / 100]);
  }
  puts("}");
  fflush(stdout);
}

static void wait_for_the_other(void) {
  char byte;
  must(read(SOCKET, &byte, 1) == 0, "the other end");
}

static char *message_bytes(void) {
  char *bytes = calloc(1, size);
  must(bytes != NULL, "calloc");
  return bytes;
}

static void send_message(const char *bytes) {
  if (fd_count == 0) {
    must(send(SOCKET, bytes, size, MSG_NOSIGNAL) == size, "send");
    count(&sent, size, NULL, 0);
    return;
  }
  static union {
    struct cmsghdr aligned;
    char room[CMSG_SPACE(MAX_FDS * sizeof(int))];
  } control;
  static int fds[MAX_FDS];
  struct iovec data = {(char *)bytes, size};
  struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control};
  message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
  /* Prepared once, and once more for the last message. */
  if (sent.messages == 0 || sent.messages == total - 1) {
    for (long i = 0; i < fd_count; i++) fds[i] = files[sent.messages == total - 1];
    struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
    memcpy(CMSG_DATA(rights), fds, fd_count * sizeof(int));
  }
  must(sendmsg(SOCKET, &message, MSG_NOSIGNAL) == size, "sendmsg");
  count(&sent, size, fds, fd_count);
}

static void receive_plain(char *bytes) {
  for (long at = 0; at < size;) {
    ssize_t got = recv(SOCKET, bytes + at, size - at, 0);
    must(got > 0, "recv");
    at += got;
  }
  count(&received, size, NULL, 0);
}

static void receive_message(char *bytes) {
  if (fd_count == 0) {
    receive_plain(bytes);
    return;
  }
  static union {
    struct cmsghdr aligned;
    char room[CMSG_SPACE(MAX_FDS * sizeof(int))];
  } control;
  struct iovec data = {bytes, size};
  struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control};
  message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
  must(recvmsg(SOCKET, &message, MSG_CMSG_CLOEXEC) == size, "recvmsg");
  must((message.msg_flags & MSG_CTRUNC) == 0, "MSG_CTRUNC");
  struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
  must(rights != NULL && rights->cmsg_type == SCM_RIGHTS, "SCM_RIGHTS");
  int fds[MAX_FDS];
  long fd_total = (rights->cmsg_len - CMSG_LEN(0)) / sizeof(int);
  memcpy(fds, CMSG_DATA(rights), fd_total * sizeof(int));
  count(&received, size, fds, fd_total);
  for (long i = 0; i < fd_total; i++) close(fds[i]);
}

static void flood(int sender) {
  char *bytes = message_bytes();
  for (long i = 0; i < total; i++) {
    if (sender) send_message(bytes);
    else receive_message(bytes);
  }
  free(bytes);
}

/* The same bytes, taken as they come. */
static void receive_stream(void) {
  char *bytes = message_bytes();
  double wanted = (double)total * size;
  double until_next = size;
  for (double at = 0; at < wanted;) {
    ssize_t got = read(SOCKET, bytes, size);
    must(got > 0, "read");
    at += got;
    for (until_next -= got; until_next <= 0; until_next += size) count(&received, size, NULL, 0);
  }
  free(bytes);
}

static void send_large(void) {
  char *piece = calloc(1, PIECE);
  must(piece != NULL, "calloc");
  for (long i = 0; i < total; i++) {
    for (long at = 0; at < size; at += PIECE) {
      long length = size - at < PIECE ? size - at : PIECE;
      must(send(SOCKET, piece, length, MSG_NOSIGNAL) == length, "send");
    }
    count(&sent, size, NULL, 0);
  }
  free(piece);
}

/* Memory of its own for each, as for a frame that somebody keeps. */
static void receive_large(void) {
  for (long i = 0; i < total; i++) {
    char *bytes = malloc(size);
    must(bytes != NULL, "malloc");
    receive_plain(bytes);
    free(bytes);
  }
}

static int by_time(const void *left, const void *right) {
  double difference = *(const double *)left - *(const double *)right;
  return (difference > 0) - (difference < 0);
}

static double *ask(void) {
  char *bytes = message_bytes();
  double *trips = calloc(total - warmup, sizeof *trips);
  must(trips != NULL, "calloc");
  for (long i = 0; i < total; i++) {
    double start = now_ns();
    send_message(bytes);
    receive_message(bytes);
    if (i >= warmup) trips[i - warmup] = now_ns() - start;
  }
  free(bytes);
  qsort(trips, total - warmup, sizeof *trips, by_time);
  return trips;
}

static void answer(void) {
  char *bytes = message_bytes();
  for (long i = 0; i < total; i++) {
    receive_message(bytes);
    send_message(bytes);
  }
  free(bytes);
}

/* A connection is over when the other end has closed it. */
static void make_connections(long at_once) {
  char byte;
  must(read(SOCKET, &byte, 1) == 1, "the listener");
  while (sent.messages < total) {
    int made[BURST];
    long now = total - sent.messages < at_once ? total - sent.messages : at_once;
    for (long i = 0; i < now; i++) {
      made[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
      must(made[i] >= 0, "socket");
      must(connect(made[i], (struct sockaddr *)&address, sizeof address) == 0, "connect");
    }
    for (long i = 0; i < now; i++) {
      must(read(made[i], &byte, 1) == 0, "read");
      close(made[i]);
      count(&sent, 0, NULL, 0);
    }
  }
}

static void accept_connections(void) {
  int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  must(listener >= 0, "socket");
  unlink(address.sun_path);
  must(bind(listener, (struct sockaddr *)&address, sizeof address) == 0, "bind");
  must(listen(listener, BACKLOG) == 0, "listen");
  must(write(SOCKET, "", 1) == 1, "the other end");
  while (received.messages < total) {
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    must(fd >= 0, "accept");
    close(fd);
    count(&received, 0, NULL, 0);
  }
}

int main(int argc, char **argv) {
  must(argc >= 9, "arguments");
  end_name = argv[1];
  const char *work = argv[2];
  warmup = atol(argv[3]);
  total = warmup + atol(argv[4]);
  size = atol(argv[5]);
  fd_count = atol(argv[6]);
  files[0] = open(argv[7], O_RDONLY | O_CLOEXEC);
  files[1] = open(argv[8], O_RDONLY | O_CLOEXEC);
  must(files[0] >= 0 && files[1] >= 0 && fd_count <= MAX_FDS, "files");
  int length = snprintf(address.sun_path, sizeof address.sun_path, "%s.socket", argv[7]);
  must(length < (int)sizeof address.sun_path, "address");
  int sender = strcmp(end_name, "sender") == 0;

  double *trips = NULL;
  if (strcmp(work, "flood") == 0) flood(sender);
  else if (strcmp(work, "stream") == 0 && sender) flood(1);
  else if (strcmp(work, "stream") == 0) receive_stream();
  else if (strcmp(work, "large") == 0 && sender) send_large();
  else if (strcmp(work, "large") == 0) receive_large();
  else if (strcmp(work, "echo") == 0 && sender) trips = ask();
  else if (strcmp(work, "echo") == 0) answer();
  else if (strcmp(work, "connections") == 0 && sender) make_connections(1);
  else if (strcmp(work, "burst") == 0 && sender) make_connections(BURST);
  else if (strcmp(work, "connections") == 0 || strcmp(work, "burst") == 0) accept_connections();
  else must(0, work);

  report(trips);
  free(trips);
  /* The sender stays, so that its going costs nothing while the receiver is still measured. */
  if (sender == (strcmp(work, "echo") != 0)) wait_for_the_other();
  return 0;
}
