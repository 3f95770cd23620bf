/*
 * The least code that an addon for Node can be: it polls descriptor 3, calls JavaScript with what recvmsg brought, and sends what
 * it is given. No stream, no promise, no frame, no owner, no limit, one socket, and it aborts where anything fails. What lies
 * between this and the C program is mostly the price of JavaScript, whoever writes it.
 */
#include <errno.h>
#include <node_api.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <uv.h>

#define SOCKET 3
#define MAX_FDS 253
#define MOST_CALLS 16
/* After so many messages that came one by one, it is seen whether several come by now. */
#define PROBE 16

union rights {
  struct cmsghdr aligned;
  char room[CMSG_SPACE(MAX_FDS * sizeof(int))];
};

static napi_env env;
static napi_async_context context;
static napi_ref target, on_receive, on_writable;
static uv_poll_t handle;
static int watching, waiting;
static unsigned lone;

/* Where messages are read to: their bytes, for each its length and its number of descriptors, and these. */
static uint8_t *memory;
static size_t memory_size, most_messages, fds_room;
static int32_t *records, *fds;

static void must(int holds) {
  if (!holds) abort();
}

static napi_value value_of(napi_ref reference) {
  napi_value value;
  must(napi_get_reference_value(env, reference, &value) == napi_ok);
  return value;
}

static void call(napi_ref function, size_t count) {
  napi_value argument;
  must(napi_create_uint32(env, (uint32_t)count, &argument) == napi_ok);
  if (napi_make_callback(env, context, value_of(target), value_of(function), 1, &argument, NULL) == napi_ok) return;
  napi_value error;
  must(napi_get_and_clear_last_exception(env, &error) == napi_ok);
  napi_fatal_exception(env, error);
}

/* Returns how many bytes came, 0 at the end of the stream, or -1 when nothing is there. */
static ssize_t receive(uint8_t *into, size_t room, int32_t *fds_into, int32_t *fd_count) {
  static union rights control;
  struct iovec data = {into, room};
  struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  const ssize_t length = recvmsg(SOCKET, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  *fd_count = 0;
  if (length < 0) {
    must(errno == EAGAIN);
    return -1;
  }
  struct cmsghdr *rights = CMSG_FIRSTHDR(&message);
  if (rights != NULL && rights->cmsg_type == SCM_RIGHTS) {
    *fd_count = (int32_t)((rights->cmsg_len - CMSG_LEN(0)) / sizeof(int));
    memcpy(fds_into, CMSG_DATA(rights), *fd_count * sizeof(int));
  }
  return length;
}

/* Reads what is there, as far as there is room for it. Returns whether more may be. */
static int receive_some(size_t most, size_t *count) {
  size_t used = 0, fd_total = 0;
  for (*count = 0; *count < most && used < memory_size && fd_total + MAX_FDS <= fds_room;) {
    int32_t *record = records + 2 * *count;
    const ssize_t length = receive(memory + used, memory_size - used, fds + fd_total, &record[1]);
    if (length == 0) uv_poll_stop(&handle);
    if (length <= 0) return 0;
    record[0] = (int32_t)length;
    used += length;
    fd_total += record[1];
    ++*count;
    /* Plain bytes are joined: if there were more, it would have been more. */
    if (used < memory_size && record[1] == 0) return 0;
  }
  return 1;
}

static void on_poll(uv_poll_t *poll, int status, int events);

static void watch(void) {
  const int wanted = UV_READABLE | (waiting ? UV_WRITABLE : 0);
  if (wanted == watching) return;
  must(uv_poll_start(&handle, wanted, on_poll) == 0);
  watching = wanted;
}

static void on_poll(uv_poll_t *poll, int status, int events) {
  (void)poll;
  must(status == 0);
  napi_handle_scope scope;
  must(napi_open_handle_scope(env, &scope) == napi_ok);
  if ((events & UV_WRITABLE) != 0) {
    waiting = 0;
    call(on_writable, 0);
  }
  if ((events & UV_READABLE) != 0) {
    const int one = lone % PROBE != 0;
    size_t came = 0;
    int more = 1;
    for (int calls = 0; more && calls < MOST_CALLS; calls++) {
      size_t count;
      more = receive_some(one ? 1 : most_messages, &count) && !one;
      came += count;
      if (count > 0) call(on_receive, count);
    }
    lone = came == 1 && most_messages > 1 ? lone + 1 : 0;
  }
  must(napi_close_handle_scope(env, scope) == napi_ok);
  if (uv_is_active((uv_handle_t *)&handle)) watch();
}

static void *array_data(napi_value array, size_t *length) {
  void *data;
  must(napi_get_typedarray_info(env, array, NULL, length, &data, NULL, NULL) == napi_ok);
  return data;
}

/* The same, of an array that is written to from now on. */
static void *kept_data(napi_value array, size_t *length) {
  napi_ref kept;
  must(napi_create_reference(env, array, 1, &kept) == napi_ok);
  return array_data(array, length);
}

static napi_ref method_of(napi_value object, const char *name) {
  napi_value function;
  napi_ref reference;
  must(napi_get_named_property(env, object, name, &function) == napi_ok);
  must(napi_create_reference(env, function, 1, &reference) == napi_ok);
  return reference;
}

/* open({ receive(count), writable() }, memory, records, fds) */
static napi_value open_socket(napi_env of, napi_callback_info info) {
  size_t count = 4, numbers;
  napi_value args[4], name;
  uv_loop_t *loop;
  env = of;
  must(napi_get_cb_info(env, info, &count, args, NULL, NULL) == napi_ok && count == 4);
  must(napi_create_reference(env, args[0], 1, &target) == napi_ok);
  on_receive = method_of(args[0], "receive");
  on_writable = method_of(args[0], "writable");
  memory = kept_data(args[1], &memory_size);
  records = kept_data(args[2], &numbers);
  most_messages = numbers / 2;
  fds = kept_data(args[3], &fds_room);
  must(napi_create_string_utf8(env, "bare", NAPI_AUTO_LENGTH, &name) == napi_ok);
  must(napi_async_init(env, args[0], name, &context) == napi_ok);
  must(napi_get_uv_event_loop(env, &loop) == napi_ok);
  must(uv_poll_init(loop, &handle, SOCKET) == 0);
  watch();
  return NULL;
}

/* send(bytes, fds, fdCount): how many bytes the kernel took, -1 for none; where it did not take all, writable() follows. */
static napi_value send_message(napi_env of, napi_callback_info info) {
  size_t count = 3, length;
  uint32_t fd_count;
  napi_value args[3], result;
  must(napi_get_cb_info(of, info, &count, args, NULL, NULL) == napi_ok && count == 3);
  must(napi_get_value_uint32(of, args[2], &fd_count) == napi_ok && fd_count <= MAX_FDS);
  void *const bytes = array_data(args[0], &length);
  ssize_t sent;
  if (fd_count == 0) {
    sent = send(SOCKET, bytes, length, MSG_DONTWAIT | MSG_NOSIGNAL);
  } else {
    static union rights control;
    struct iovec data = {bytes, length};
    struct msghdr message = {.msg_iov = &data, .msg_iovlen = 1, .msg_control = &control};
    message.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
    control.aligned.cmsg_level = SOL_SOCKET;
    control.aligned.cmsg_type = SCM_RIGHTS;
    control.aligned.cmsg_len = CMSG_LEN(fd_count * sizeof(int));
    memcpy(CMSG_DATA(&control.aligned), array_data(args[1], NULL), fd_count * sizeof(int));
    sent = sendmsg(SOCKET, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
  }
  must(sent >= 0 || errno == EAGAIN);
  waiting = sent < (ssize_t)length;
  if (waiting) watch();
  must(napi_create_int32(of, (int32_t)sent, &result) == napi_ok);
  return result;
}

static napi_value close_fd(napi_env of, napi_callback_info info) {
  size_t count = 1;
  napi_value arg;
  int fd;
  must(napi_get_cb_info(of, info, &count, &arg, NULL, NULL) == napi_ok && count == 1);
  must(napi_get_value_int32(of, arg, &fd) == napi_ok);
  close(fd);
  return NULL;
}

NAPI_MODULE_INIT() {
  const napi_property_descriptor all[] = {
      {"open", NULL, open_socket, NULL, NULL, NULL, napi_enumerable, NULL},
      {"send", NULL, send_message, NULL, NULL, NULL, napi_enumerable, NULL},
      {"close", NULL, close_fd, NULL, NULL, NULL, napi_enumerable, NULL},
  };
  must(napi_define_properties(env, exports, sizeof all / sizeof *all, all) == napi_ok);
  return exports;
}
