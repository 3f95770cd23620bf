/* What Debian's libstdc++.so.6 and libgcc_s.so.1 ask of glibc and musl lacks. See make-libraries.sh. */
#define _GNU_SOURCE
#include <link.h>
#include <locale.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

char __libc_single_threaded = 0;

uint32_t arc4random(void) { uint32_t n = 0; getrandom(&n, sizeof n, 0); return n; }

size_t __strftime_l(char *s, size_t max, const char *format, const struct tm *tm, locale_t locale) {
  return strftime_l(s, max, format, tm, locale);
}

/* Destructors of thread_local variables: run at the thread's end by a pthread key. */
#include <pthread.h>
struct at_exit { void (*call)(void *); void *object; struct at_exit *next; };
static pthread_key_t key;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static void run(void *list) { for (struct at_exit *e = list; e;) { struct at_exit *n = e->next; e->call(e->object); free(e); e = n; } }
static void make(void) { pthread_key_create(&key, run); }
int __cxa_thread_atexit_impl(void (*call)(void *), void *object, void *dso) {
  (void)dso;
  pthread_once(&once, make);
  struct at_exit *e = malloc(sizeof *e);
  if (!e) return -1;
  e->call = call, e->object = object, e->next = pthread_getspecific(key);
  return pthread_setspecific(key, e);
}

/* The unwinder's search (glibc 2.35), by dl_iterate_phdr. */
struct dl_find_object { unsigned long long dlfo_flags; void *dlfo_map_start, *dlfo_map_end; struct link_map *dlfo_link_map; void *dlfo_eh_frame; unsigned long long reserved[7]; };
struct search { uintptr_t pc; struct dl_find_object *out; };
static int look(struct dl_phdr_info *info, size_t size, void *data) {
  (void)size;
  struct search *s = data;
  int in = 0;
  void *eh = NULL;
  uintptr_t low = UINTPTR_MAX, high = 0;
  for (int i = 0; i < info->dlpi_phnum; i++) {
    const ElfW(Phdr) *p = &info->dlpi_phdr[i];
    uintptr_t a = info->dlpi_addr + p->p_vaddr;
    if (p->p_type == PT_LOAD) {
      if (s->pc >= a && s->pc < a + p->p_memsz) in = 1;
      if (a < low) low = a;
      if (a + p->p_memsz > high) high = a + p->p_memsz;
    } else if (p->p_type == PT_GNU_EH_FRAME) eh = (void *)a;
  }
  if (!in || !eh) return 0;
  memset(s->out, 0, sizeof *s->out);
  s->out->dlfo_map_start = (void *)low, s->out->dlfo_map_end = (void *)high, s->out->dlfo_eh_frame = eh;
  return 1;
}
int _dl_find_object(void *pc, struct dl_find_object *out) {
  struct search s = {(uintptr_t)pc, out};
  return dl_iterate_phdr(look, &s) ? 0 : -1;
}

/* libgcc_s exports these two under a hidden version only (`@GCC_4.8.0`), which musl's loader does not bind to. */
int __cpu_indicator_init(void) { return 0; }
struct { unsigned words[4]; } __cpu_model;

/* What libgcc's choice of atomic instructions asks, on arm64. */
#include <sys/auxv.h>
unsigned long __getauxval(unsigned long type) { return getauxval(type); }
