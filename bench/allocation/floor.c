/*
 * The floor: what the kernel alone costs when three processes agree on five buffers with the messages that
 * fuchsia.sysmem2 needs, in the sizes it needs. A server and two participants; sockets, descriptors and memory files as
 * in ARCHITECTURE.md's transport contract. Nothing is parsed, checked, negotiated, tracked or named.
 *
 *     cc -O2 -o floor floor.c && ./floor ITERATIONS BUFFERS BYTES reserve|lazy
 *
 * "reserve": the server reserves the pages of each buffer, as sysmem promises. "lazy": pages come at first touch.
 * Prints one line of microseconds for each iteration: from the first message until both participants have mapped
 * and touched every buffer.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_BUFFERS 16
#define MAX_SOCKETS 32

enum kind { CREATE, DUPLICATE, BIND, CONSTRAIN, WAIT, TOKEN, MAPPED, DONE, LEFT };

/* Bytes on the wire of the messages above, as our codec makes them for this negotiation. */
static const size_t SIZE[] = {48, 80, 56, 500, 16, 24, 16, 16, 16};
#define INFO_BYTES 700

struct packet {
  uint32_t kind;
  char rest[1020];
};

static int buffers;
static size_t bytes;
static int is_reserving;

static void check(int isRight, const char *what) {
  if (isRight) return;
  perror(what);
  exit(1);
}

static void send_packet(int to, enum kind kind, size_t length, const int *descriptors, int count) {
  struct packet packet = {.kind = kind};
  union {
    struct cmsghdr header;
    char space[CMSG_SPACE(sizeof(int) * MAX_BUFFERS)];
  } control;
  struct iovec part = {&packet, length};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (count > 0) {
    message.msg_control = &control;
    message.msg_controllen = CMSG_SPACE(sizeof(int) * count);
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof(int) * count);
    memcpy(CMSG_DATA(&control.header), descriptors, sizeof(int) * count);
  }
  check(sendmsg(to, &message, MSG_NOSIGNAL) >= 0, "sendmsg");
}

/* Gives the number of descriptors, -1 at the end. */
static int receive_packet(int from, struct packet *packet, int *descriptors) {
  char control[CMSG_SPACE(sizeof(int) * MAX_BUFFERS)];
  struct iovec part = {packet, sizeof *packet};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof control};
  if (recvmsg(from, &message, MSG_CMSG_CLOEXEC) <= 0) return -1;
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  if (header == NULL) return 0;
  int count = (int)((header->cmsg_len - CMSG_LEN(0)) / sizeof(int));
  memcpy(descriptors, CMSG_DATA(header), sizeof(int) * count);
  return count;
}

static void make_pair(int *ends) {
  check(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) == 0, "socketpair");
}

static int make_buffer(void) {
  int file = memfd_create("buffer", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  check(file >= 0 && ftruncate(file, (off_t)bytes) == 0, "memory");
  if (is_reserving) check(posix_fallocate(file, 0, (off_t)bytes) == 0, "reserve");
  check(fcntl(file, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) == 0, "seal");
  return file;
}

static void answer_waits(const int *waiting) {
  int files[MAX_BUFFERS];
  for (int i = 0; i < buffers; i++) files[i] = make_buffer();
  for (int i = 0; i < 2; i++) send_packet(waiting[i], WAIT, INFO_BYTES, files, buffers);
  for (int i = 0; i < buffers; i++) close(files[i]);
}

static void serve(int first, int second) {
  struct pollfd sockets[MAX_SOCKETS] = {{first, POLLIN, 0}, {second, POLLIN, 0}};
  int open = 2, constrained = 0, waits = 0, waiting[2];
  for (;;) {
    poll(sockets, (nfds_t)open, -1);
    for (int i = open - 1; i >= 0; i--) {
      if (sockets[i].revents == 0) continue;
      struct packet packet;
      int got[MAX_BUFFERS];
      int count = receive_packet(sockets[i].fd, &packet, got);
      if (count < 0) {
        if (i < 2) return;
        close(sockets[i].fd);
        sockets[i] = sockets[--open];
        continue;
      }
      if (packet.kind == CREATE) sockets[open++] = (struct pollfd){got[0], POLLIN, 0};
      if (packet.kind == DUPLICATE) {
        int ends[2];
        make_pair(ends);
        send_packet(sockets[i].fd, DUPLICATE, 64, &ends[0], 1);
        close(ends[0]);
        sockets[open++] = (struct pollfd){ends[1], POLLIN, 0};
      }
      if (packet.kind == BIND) {
        close(got[0]);
        sockets[open++] = (struct pollfd){got[1], POLLIN, 0};
      }
      if (packet.kind == CONSTRAIN) constrained++;
      if (packet.kind == WAIT) waiting[waits++] = sockets[i].fd;
      if (waits == 2 && constrained == 2) {
        answer_waits(waiting);
        waits = constrained = 0;
      }
    }
  }
}

struct mapped {
  int collection;
  int files[MAX_BUFFERS];
  void *pages[MAX_BUFFERS];
};

/* One participant's part, from its token to touched pages. */
static struct mapped take_part(int allocator, int token) {
  struct mapped all;
  struct packet packet;
  int ends[2];
  make_pair(ends);
  int both[2] = {token, ends[1]};
  send_packet(allocator, BIND, SIZE[BIND], both, 2);
  close(token);
  close(ends[1]);
  all.collection = ends[0];
  send_packet(all.collection, CONSTRAIN, SIZE[CONSTRAIN], NULL, 0);
  send_packet(all.collection, WAIT, SIZE[WAIT], NULL, 0);
  check(receive_packet(all.collection, &packet, all.files) == buffers, "buffers");
  for (int i = 0; i < buffers; i++) {
    all.pages[i] = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, all.files[i], 0);
    check(all.pages[i] != MAP_FAILED, "mmap");
    *(volatile char *)all.pages[i] = 1;
  }
  return all;
}

static void leave(struct mapped *all) {
  for (int i = 0; i < buffers; i++) {
    munmap(all->pages[i], bytes);
    close(all->files[i]);
  }
  close(all->collection);
}

static void partner(int allocator, int friend) {
  struct packet packet;
  int token;
  while (receive_packet(friend, &packet, &token) == 1) {
    struct mapped all = take_part(allocator, token);
    send_packet(friend, MAPPED, SIZE[MAPPED], NULL, 0);
    int none;
    receive_packet(friend, &packet, &none);
    leave(&all);
    send_packet(friend, LEFT, SIZE[LEFT], NULL, 0);
  }
}

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static double negotiate(int allocator, int friend) {
  struct packet packet;
  int token[2], other, none;
  double start = now();
  make_pair(token);
  send_packet(allocator, CREATE, SIZE[CREATE], &token[1], 1);
  close(token[1]);
  send_packet(token[0], DUPLICATE, SIZE[DUPLICATE], NULL, 0);
  check(receive_packet(token[0], &packet, &other) == 1, "duplicate");
  send_packet(friend, TOKEN, SIZE[TOKEN], &other, 1);
  close(other);
  struct mapped all = take_part(allocator, token[0]);
  receive_packet(friend, &packet, &none);
  double end = now();
  send_packet(friend, DONE, SIZE[DONE], NULL, 0);
  leave(&all);
  receive_packet(friend, &packet, &none);
  return end - start;
}

int main(int count, char **arguments) {
  check(count == 5, "usage: floor ITERATIONS BUFFERS BYTES reserve|lazy");
  int iterations = atoi(arguments[1]);
  buffers = atoi(arguments[2]);
  bytes = strtoul(arguments[3], NULL, 10);
  is_reserving = strcmp(arguments[4], "reserve") == 0;
  check(buffers > 0 && buffers <= MAX_BUFFERS, "number of buffers");
  int first[2], second[2], between[2];
  make_pair(first);
  make_pair(second);
  make_pair(between);
  pid_t server = fork();
  if (server == 0) {
    close(first[0]);
    close(second[0]);
    close(between[0]);
    close(between[1]);
    serve(first[1], second[1]);
    _exit(0);
  }
  pid_t other = fork();
  if (other == 0) {
    close(first[0]);
    close(first[1]);
    close(second[1]);
    close(between[0]);
    partner(second[0], between[1]);
    _exit(0);
  }
  close(first[1]);
  close(second[0]);
  close(second[1]);
  close(between[1]);
  for (int i = 0; i < iterations; i++) printf("%.1f\n", negotiate(first[0], between[0]));
  close(between[0]);
  waitpid(other, NULL, 0);
  close(first[0]);
  waitpid(server, NULL, 0);
  return 0;
}
