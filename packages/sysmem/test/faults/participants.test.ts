/**
 * The same for those who use buffers: the client library on a kernel whose calls fail. Everything that goes wrong is an
 * error that is declared, the server and the others go on, nothing is left, and the next attempt goes well.
 */
import { PresentStory } from "./present.ts";
import { sweep } from "./sweep.ts";

sweep({
  tell: (svc, participants) => new PresentStory(svc, participants),
  side: "participants",
  // They accept nobody, make no memory, hand out no VMOs and look after none.
  without: [
    "accept4",
    "fcntl(F_ADD_SEALS)",
    "fcntl(F_OFD_SETLK)",
    "fcntl(F_OFD_GETLK)",
    "fchmod",
    "open",
    "read",
    "memfd_create",
    "ftruncate",
    "posix_fallocate",
    "posixFallocateAsync",
    "eventfd",
    "poll",
    "inotify_init1",
    "inotify_add_watch",
  ],
  firstOnly: ["epoll_create1"],
});
