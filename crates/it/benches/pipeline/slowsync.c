/* A disk that takes its time: with LD_PRELOAD, every fsync and fdatasync of a program takes AHADI_BENCH_FSYNC_US
   microseconds more. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <time.h>

static void wait_as_the_disk_would(void)
{
    const char *text = getenv("AHADI_BENCH_FSYNC_US");
    long micros = text ? atol(text) : 0;
    struct timespec left = { micros / 1000000, micros % 1000000 * 1000 };
    int before = errno;
    while (nanosleep(&left, &left) == -1 && errno == EINTR)
        continue;
    errno = before;
}

int fsync(int file)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
    int result = real(file);
    wait_as_the_disk_would();
    return result;
}

int fdatasync(int file)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fdatasync");
    int result = real(file);
    wait_as_the_disk_would();
    return result;
}
