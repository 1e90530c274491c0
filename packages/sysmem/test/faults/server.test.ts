/**
 * Every system call of the server fails, once and for a while, with everything that it can fail with, in the middle of a
 * whole story of a collection over real sockets and real memory. Whoever is concerned gets an error, the log says who and
 * why, nobody else notices, nothing is left, and the next story goes well.
 */
import { PresentStory } from "./present.ts";
import { sweep } from "./sweep.ts";

sweep({
  tell: (svc, participants) => new PresentStory(svc, participants),
  side: "server",
  // It connects to nobody and maps nothing.
  without: ["connect", "mmap"],
  firstOnly: ["epoll_create1", "inotify_init1"],
});
