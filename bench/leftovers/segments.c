/*
 * A program that shares memory in the ways that have names, and would remove it when it ends in order.
 *
 *     cc -O2 -o segments segments.c && ./segments posix|sysv BYTES
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <unistd.h>

static char name[64];
static int segment = -1;

static void remove_it(void) {
  if (segment >= 0) shmctl(segment, IPC_RMID, NULL);
  else shm_unlink(name);
}

int main(int count, char **arguments) {
  if (count != 3) return 2;
  size_t bytes = strtoul(arguments[2], NULL, 10);
  void *pages;
  if (strcmp(arguments[1], "sysv") == 0) {
    segment = shmget(IPC_PRIVATE, bytes, IPC_CREAT | 0600);
    pages = shmat(segment, NULL, 0);
  } else {
    snprintf(name, sizeof name, "/bench-segments-%d", getpid());
    int file = shm_open(name, O_CREAT | O_EXCL | O_RDWR, 0600);
    if (file < 0 || ftruncate(file, (off_t)bytes) != 0) return 1;
    pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  }
  if (pages == MAP_FAILED) return 1;
  atexit(remove_it);
  memset(pages, 1, bytes);
  puts("ready");
  fflush(stdout);
  pause();
  return 0;
}
