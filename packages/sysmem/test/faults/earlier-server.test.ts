/** The server's side of the story that the earlier generations tell. They ask for no node_ref. */
import { EarlierStory } from "./earlier.ts";
import { sweep } from "./sweep.ts";

sweep({
  tell: (svc, participants, sound) => new EarlierStory(svc, participants, sound),
  side: "server",
  without: ["connect", "readlink", "mmap", "eventfd"],
  firstOnly: ["epoll_create1", "inotify_init1"],
  // Beneath the messages it is the engine of the present story, where each place is tried.
  lastingStep: 2,
});
