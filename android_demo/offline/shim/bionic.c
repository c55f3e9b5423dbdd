/*
 * What an Android library expects of Android's C library (bionic), over this machine's (glibc).
 *
 * Built as libc.so; with it in LD_LIBRARY_PATH an unmodified libtensorflowlite_jni.so loads on
 * Linux, into a JVM or any other program. Symbols have the version LIBC, as bionic's.
 *
 * Most functions are the same in both libraries: symbols.def, which generate.py writes from what
 * the library needs, lists them, and a trampoline leads to each. The others are written out below.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Exports bionic_NAME as NAME of version LIBC. generate.py looks for these lines. */
#define EXPORT(name) __asm__(".symver bionic_" #name "," #name "@LIBC")

/* ---- Functions and objects that differ ---- */

EXPORT(__errno);
int *bionic___errno(void) { return &errno; }

EXPORT(__strlen_chk);
size_t bionic___strlen_chk(const char *text, size_t size) {
    (void)size;
    return strlen(text);
}

/* No property is set. */
EXPORT(__system_property_get);
int bionic___system_property_get(const char *name, char *value) {
    (void)name;
    value[0] = '\0';
    return 0;
}

EXPORT(android_set_abort_message);
void bionic_android_set_abort_message(const char *message) {
    fprintf(stderr, "abort: %s\n", message);
}

/* Android's liblog has this one, without a version; the loader is content with any library. */
int __android_log_vprint(int priority, const char *tag, const char *format, va_list arguments) {
    (void)priority;
    fprintf(stderr, "%s: ", tag);
    int written = vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    return written;
}

/* Bionic's mutex has 40 bytes; glibc's initialisation clears 48 on arm64. */
enum { BIONIC_MUTEX = 40 };

EXPORT(pthread_mutex_init);
int bionic_pthread_mutex_init(void *mutex, const pthread_mutexattr_t *attributes) {
    pthread_mutex_t made;
    int error = pthread_mutex_init(&made, attributes);
    if (error == 0) {
        memcpy(mutex, &made, BIONIC_MUTEX);
    }
    return error;
}

/*
 * Bionic's condition variable is aligned to 4 bytes, and arm64 stops at glibc's atomic operations
 * on 8. This is bionic's own way: a counter that changes at every signal, and threads that sleep until
 * it does. All bytes 0 is one that nobody waits for, as it is initialised there.
 */
static int wake(int *counter, int threads) {
    __atomic_add_fetch(counter, 1, __ATOMIC_SEQ_CST);
    syscall(SYS_futex, counter, FUTEX_WAKE_PRIVATE, threads, NULL, NULL, 0);
    return 0;
}

EXPORT(pthread_cond_init);
int bionic_pthread_cond_init(int *counter, const void *attributes) {
    (void)attributes;
    *counter = 0;
    return 0;
}

EXPORT(pthread_cond_destroy);
int bionic_pthread_cond_destroy(int *counter) {
    (void)counter;
    return 0;
}

EXPORT(pthread_cond_wait);
int bionic_pthread_cond_wait(int *counter, pthread_mutex_t *mutex) {
    int seen = __atomic_load_n(counter, __ATOMIC_SEQ_CST);
    pthread_mutex_unlock(mutex);
    syscall(SYS_futex, counter, FUTEX_WAIT_PRIVATE, seen, NULL, NULL, 0);
    return pthread_mutex_lock(mutex);
}

EXPORT(pthread_cond_signal);
int bionic_pthread_cond_signal(int *counter) { return wake(counter, 1); }

EXPORT(pthread_cond_broadcast);
int bionic_pthread_cond_broadcast(int *counter) { return wake(counter, INT_MAX); }

/* stdin, stdout and stderr are three structures in a row there. */
enum { BIONIC_FILE = 152 };

EXPORT(__sF);
char bionic___sF[3 * BIONIC_FILE];

static FILE *stream(FILE *given) {
    char *address = (char *)given;
    if (address < bionic___sF || address >= bionic___sF + sizeof bionic___sF) {
        return given;
    }
    FILE *const standard[] = {stdin, stdout, stderr};
    return standard[(address - bionic___sF) / BIONIC_FILE];
}

EXPORT(vfprintf);
int bionic_vfprintf(FILE *file, const char *format, va_list arguments) {
    return vfprintf(stream(file), format, arguments);
}

EXPORT(fprintf);
int bionic_fprintf(FILE *file, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int written = vfprintf(stream(file), format, arguments);
    va_end(arguments);
    return written;
}

EXPORT(fwrite);
size_t bionic_fwrite(const void *data, size_t size, size_t count, FILE *file) {
    return fwrite(data, size, count, stream(file));
}

EXPORT(fputc);
int bionic_fputc(int character, FILE *file) { return fputc(character, stream(file)); }

EXPORT(fflush);
int bionic_fflush(FILE *file) { return fflush(file == NULL ? NULL : stream(file)); }

/* Bionic's is POSIX's, which glibc has by another name. */
extern int __xpg_strerror_r(int error, char *buffer, size_t size);

EXPORT(strerror_r);
int bionic_strerror_r(int error, char *buffer, size_t size) {
    return __xpg_strerror_r(error, buffer, size);
}

/* The same questions by other numbers. */
EXPORT(sysconf);
long bionic_sysconf(int name) {
    switch (name) {
    case 0x27:
    case 0x28:
        return sysconf(_SC_PAGESIZE);
    case 0x60:
        return sysconf(_SC_NPROCESSORS_CONF);
    case 0x61:
        return sysconf(_SC_NPROCESSORS_ONLN);
    case 0x62:
        return sysconf(_SC_PHYS_PAGES);
    default:
        errno = EINVAL;
        return -1;
    }
}

/* ---- Functions that are the same ---- */

#if defined(__x86_64__)
#define JUMP(name) "jmp *glibc_" #name "(%rip)\n"
#elif defined(__aarch64__)
#define JUMP(name)                        \
    "adrp x16, glibc_" #name "\n"         \
    "ldr x16, [x16, :lo12:glibc_" #name "]\n" \
    "br x16\n"
#else
#error "x86_64 and arm64 only"
#endif

#define SYMBOL(name)                                                      \
    __attribute__((visibility("hidden"))) void *glibc_##name;             \
    __asm__(".text\n"                                                     \
            ".globl jump_" #name "\n"                                     \
            ".type jump_" #name ", %function\n"                           \
            "jump_" #name ": " JUMP(name)                                 \
            ".symver jump_" #name "," #name "@LIBC\n");
#include "symbols.def"
#undef SYMBOL

__attribute__((constructor)) static void find_all(void) {
    void *c = dlopen("libc.so.6", RTLD_NOW | RTLD_GLOBAL);
    void *m = dlopen("libm.so.6", RTLD_NOW);
    if (c == NULL || m == NULL) {
        fprintf(stderr, "shim: %s\n", dlerror());
        abort();
    }
#define SYMBOL(name)                                    \
    glibc_##name = dlsym(c, #name);                     \
    if (glibc_##name == NULL) {                         \
        glibc_##name = dlsym(m, #name);                 \
    }                                                   \
    if (glibc_##name == NULL) {                         \
        fprintf(stderr, "shim: glibc has no " #name "\n"); \
    }
#include "symbols.def"
#undef SYMBOL
}
