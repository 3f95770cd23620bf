/** C for libwayland: a client and a server, each with its end of the connection at descriptor 3, that check what comes. */

const SHARED = `
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Each file has a size and a content of its own. The first keymap is as long as a real one. */
static int pool_size(int index) { return 4096 + 4 * index; }
static int keymap_size(int index) { return index == 0 ? 64434 : 100 + index; }

static void fill(unsigned char *bytes, int size, int index) {
  for (int at = 0; at < size; at++) bytes[at] = index * 7 + at * 31;
}

static int file(const char *name, int index, int size) {
  unsigned char *bytes = malloc(size);
  fill(bytes, size, index);
  int fd = memfd_create(name, MFD_CLOEXEC);
  if (fd < 0 || write(fd, bytes, size) != size) exit(3);
  free(bytes);
  return fd;
}

static int is_file(int fd, int index, int size) {
  struct stat found;
  if (fstat(fd, &found) != 0 || found.st_size != size) return 0;
  unsigned char *bytes = malloc(2 * size);
  fill(bytes, size, index);
  int same = pread(fd, bytes + size, size, 0) == size && memcmp(bytes, bytes + size, size) == 0;
  free(bytes);
  return same;
}

static int open_descriptors(void) {
  int count = 0;
  DIR *directory = opendir("/proc/self/fd");
  while (readdir(directory) != NULL) count++;
  closedir(directory);
  return count;
}

static int pools, keymaps, wrong;
`;

/**
 * Makes so many pools (its argument), each in a file of its own with as many syncs between, and takes so many keymaps; it
 * flushes nothing itself, so libwayland batches. It prints how many of each, how many were wrong, and what it left open.
 */
export const LIBWAYLAND_CLIENT = `${SHARED}
#include <wayland-client.h>

static struct wl_shm *shm;
static struct wl_seat *seat;

static void global(void *data, struct wl_registry *registry, uint32_t name, const char *interface, uint32_t version) {
  if (strcmp(interface, "wl_shm") == 0) shm = wl_registry_bind(registry, name, &wl_shm_interface, 1);
  if (strcmp(interface, "wl_seat") == 0) seat = wl_registry_bind(registry, name, &wl_seat_interface, 1);
}
static void global_remove(void *data, struct wl_registry *registry, uint32_t name) {}
static const struct wl_registry_listener registry_listener = { global, global_remove };

static void keymap(void *data, struct wl_keyboard *keyboard, uint32_t format, int fd, uint32_t size) {
  if ((int)size != keymap_size(keymaps) || !is_file(fd, keymaps, size)) wrong++;
  keymaps++;
  close(fd);
}
static void enter(void *data, struct wl_keyboard *k, uint32_t serial, struct wl_surface *s, struct wl_array *keys) {}
static void leave(void *data, struct wl_keyboard *k, uint32_t serial, struct wl_surface *s) {}
static void key(void *data, struct wl_keyboard *k, uint32_t serial, uint32_t time, uint32_t key, uint32_t state) {}
static void modifiers(void *data, struct wl_keyboard *k, uint32_t serial, uint32_t a, uint32_t b, uint32_t c, uint32_t d) {}
static const struct wl_keyboard_listener keyboard_listener = { keymap, enter, leave, key, modifiers };

static int synced;
static void done(void *data, struct wl_callback *callback, uint32_t serial) {
  synced++;
  wl_callback_destroy(callback);
}
static const struct wl_callback_listener sync_listener = { done };

int main(int argc, char **argv) {
  int count = atoi(argv[1]);
  int before = open_descriptors();
  struct wl_display *display = wl_display_connect_to_fd(3);
  struct wl_registry *registry = wl_display_get_registry(display);
  wl_registry_add_listener(registry, &registry_listener, NULL);
  if (wl_display_roundtrip(display) < 0 || shm == NULL) return 4;
  if (seat != NULL) wl_keyboard_add_listener(wl_seat_get_keyboard(seat), &keyboard_listener, NULL);
  for (; pools < count; pools++) {
    int fd = file("pool", pools, pool_size(pools));
    wl_shm_pool_destroy(wl_shm_create_pool(shm, fd, pool_size(pools)));
    close(fd);
    wl_callback_add_listener(wl_display_sync(display), &sync_listener, NULL);
  }
  while (synced < count || (seat != NULL && keymaps < count))
    if (wl_display_dispatch(display) < 0) return 5;
  if (wl_display_get_error(display) != 0) return 6;
  wl_display_disconnect(display);
  printf("%d %d %d %d\\n", pools, keymaps, wrong, open_descriptors() - (before - 1));
  return 0;
}
`;

/** Its counterpart, which sends so many keymaps to whoever asks for a keyboard. It ends with its client, and prints the same. */
export const LIBWAYLAND_SERVER = `${SHARED}
#include <wayland-server.h>

static int count;
static struct wl_display *display;

static void destroy(struct wl_client *client, struct wl_resource *resource) { wl_resource_destroy(resource); }
static void create_buffer(struct wl_client *c, struct wl_resource *r, uint32_t id, int32_t o, int32_t w, int32_t h, int32_t s, uint32_t f) {}
static void resize(struct wl_client *client, struct wl_resource *resource, int32_t size) {}
static const struct wl_shm_pool_interface pool_requests = { create_buffer, destroy, resize };

static void create_pool(struct wl_client *client, struct wl_resource *resource, uint32_t id, int32_t fd, int32_t size) {
  if (size != pool_size(pools) || !is_file(fd, pools, size)) wrong++;
  pools++;
  close(fd);
  struct wl_resource *pool = wl_resource_create(client, &wl_shm_pool_interface, 1, id);
  wl_resource_set_implementation(pool, &pool_requests, NULL, NULL);
}
static const struct wl_shm_interface shm_requests = { create_pool };
static void bind_shm(struct wl_client *client, void *data, uint32_t version, uint32_t id) {
  struct wl_resource *shm = wl_resource_create(client, &wl_shm_interface, version, id);
  wl_resource_set_implementation(shm, &shm_requests, NULL, NULL);
}

static void get_pointer(struct wl_client *client, struct wl_resource *resource, uint32_t id) {}
static void get_keyboard(struct wl_client *client, struct wl_resource *resource, uint32_t id) {
  struct wl_resource *keyboard = wl_resource_create(client, &wl_keyboard_interface, 1, id);
  wl_resource_set_implementation(keyboard, NULL, NULL, NULL);
  for (; keymaps < count; keymaps++) {
    int fd = file("keymap", keymaps, keymap_size(keymaps));
    wl_keyboard_send_keymap(keyboard, WL_KEYBOARD_KEYMAP_FORMAT_XKB_V1, fd, keymap_size(keymaps));
    close(fd);
    wl_keyboard_send_modifiers(keyboard, keymaps, 0, 0, 0, 0);
  }
}
static const struct wl_seat_interface seat_requests = { get_pointer, get_keyboard };
static void bind_seat(struct wl_client *client, void *data, uint32_t version, uint32_t id) {
  struct wl_resource *seat = wl_resource_create(client, &wl_seat_interface, version, id);
  wl_resource_set_implementation(seat, &seat_requests, NULL, NULL);
  wl_seat_send_capabilities(seat, WL_SEAT_CAPABILITY_KEYBOARD);
}

static void client_left(struct wl_listener *listener, void *data) { wl_display_terminate(display); }
static struct wl_listener leaving = { .notify = client_left };

int main(int argc, char **argv) {
  count = atoi(argv[1]);
  int before = open_descriptors();
  display = wl_display_create();
  wl_global_create(display, &wl_shm_interface, 1, NULL, bind_shm);
  wl_global_create(display, &wl_seat_interface, 1, NULL, bind_seat);
  struct wl_client *client = wl_client_create(display, 3);
  wl_client_add_destroy_listener(client, &leaving);
  wl_display_run(display);
  wl_display_destroy(display);
  printf("%d %d %d %d\\n", pools, keymaps, wrong, open_descriptors() - (before - 1));
  return 0;
}
`;
