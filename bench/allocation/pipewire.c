/*
 * PipeWire: two client processes whose nodes are linked through the daemon, three processes as with sysmem.
 *
 *     cc -O2 -o pipewire pipewire.c $(pkg-config --cflags --libs libpipewire-0.3)
 *     ./pipewire source                              drives a video node until it is ended
 *     ./pipewire sink ITERATIONS WIDTH HEIGHT        links a new node to it, again and again
 *
 * The sink prints a line for each iteration: microseconds from the creation of the link until the last memory file is
 * mapped at the sink, and until the first frame is there. Both nodes, and what they can do, are known before. With
 * BENCH_NO_MLOCK in the environment, PipeWire's locking of memory, which touches all of it, is off.
 */
#include <pipewire/pipewire.h>
#include <spa/param/video/format-utils.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define BUFFERS 5
#define BYTES_PER_PIXEL 4
#define FRAME_INTERVAL_NS 1000000
#define PATIENCE_US 5e6

static struct {
  struct pw_main_loop *loop;
  struct pw_core *core;
  struct pw_stream *stream;
  struct spa_hook streamHook, registryHook, coreHook;
  struct spa_source *timer;
  int isSource;
  uint32_t width, height;
  uint32_t sourceNode, sourcePort, sinkNode, sinkPort;
  int buffers, sequence, isSynced;
  double mappedAt, arrivedAt;
} self;

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static void die(const char *what) {
  fprintf(stderr, "pipewire: %s\n", what);
  exit(1);
}

static void turn(int milliseconds) { pw_loop_iterate(pw_main_loop_get_loop(self.loop), milliseconds); }

static void sync_with_daemon(void) {
  self.isSynced = 0;
  self.sequence = pw_core_sync(self.core, PW_ID_CORE, 0);
  while (!self.isSynced) turn(-1);
}

/* A format was chosen: says what buffers this end wants. */
static void on_param_changed(void *unused, uint32_t id, const struct spa_pod *format) {
  if (id != SPA_PARAM_Format || format == NULL) return;
  struct spa_video_info_raw video = {0};
  spa_format_video_raw_parse(format, &video);
  int stride = (int)video.size.width * BYTES_PER_PIXEL;
  uint8_t room[1024];
  struct spa_pod_builder builder = SPA_POD_BUILDER_INIT(room, sizeof room);
  const struct spa_pod *buffers = spa_pod_builder_add_object(
      &builder, SPA_TYPE_OBJECT_ParamBuffers, SPA_PARAM_Buffers,
      SPA_PARAM_BUFFERS_buffers, SPA_POD_CHOICE_RANGE_Int(BUFFERS, 2, 8),
      SPA_PARAM_BUFFERS_blocks, SPA_POD_Int(1),
      SPA_PARAM_BUFFERS_size, SPA_POD_Int(stride * (int)video.size.height),
      SPA_PARAM_BUFFERS_stride, SPA_POD_Int(stride),
      SPA_PARAM_BUFFERS_dataType, SPA_POD_CHOICE_FLAGS_Int(1 << SPA_DATA_MemFd));
  pw_stream_update_params(self.stream, &buffers, 1);
}

static void on_add_buffer(void *unused, struct pw_buffer *buffer) {
  self.buffers++;
  self.mappedAt = now();
}

static void on_remove_buffer(void *unused, struct pw_buffer *buffer) { self.buffers--; }

static void on_state_changed(void *unused, enum pw_stream_state old, enum pw_stream_state state, const char *error) {
  if (state == PW_STREAM_STATE_ERROR) die(error);
  if (!self.isSource) return;
  int isStreaming = state == PW_STREAM_STATE_STREAMING;
  struct timespec first = {0, isStreaming}, interval = {0, isStreaming ? FRAME_INTERVAL_NS : 0};
  pw_loop_update_timer(pw_main_loop_get_loop(self.loop), self.timer, &first, &interval, false);
}

static void on_process(void *unused) {
  struct pw_buffer *buffer = pw_stream_dequeue_buffer(self.stream);
  if (buffer == NULL) return;
  struct spa_data *data = &buffer->buffer->datas[0];
  if (data->data == NULL) die("a buffer is not mapped");
  if (self.isSource) {
    *(volatile char *)data->data = 1;
    data->chunk->offset = 0;
    data->chunk->size = data->maxsize;
  } else {
    (void)*(volatile char *)data->data;
    if (self.arrivedAt == 0) self.arrivedAt = now();
  }
  pw_stream_queue_buffer(self.stream, buffer);
}

static const struct pw_stream_events streamEvents = {
    PW_VERSION_STREAM_EVENTS,
    .state_changed = on_state_changed,
    .param_changed = on_param_changed,
    .add_buffer = on_add_buffer,
    .remove_buffer = on_remove_buffer,
    .process = on_process,
};

static void on_timer(void *unused, uint64_t expirations) { pw_stream_trigger_process(self.stream); }

static void on_done(void *unused, uint32_t id, int sequence) {
  if (sequence == self.sequence) self.isSynced = 1;
}

static void on_error(void *unused, uint32_t id, int sequence, int result, const char *message) { die(message); }

static const struct pw_core_events coreEvents = {PW_VERSION_CORE_EVENTS, .done = on_done, .error = on_error};

static void on_global(void *unused, uint32_t id, uint32_t permissions, const char *type, uint32_t version,
                      const struct spa_dict *properties) {
  if (properties == NULL) return;
  const char *name = spa_dict_lookup(properties, PW_KEY_NODE_NAME);
  const char *owner = spa_dict_lookup(properties, PW_KEY_NODE_ID);
  if (strcmp(type, PW_TYPE_INTERFACE_Node) == 0 && name != NULL) {
    if (strcmp(name, "bench-source") == 0) self.sourceNode = id;
    if (strcmp(name, "bench-sink") == 0) self.sinkNode = id;
  }
  if (strcmp(type, PW_TYPE_INTERFACE_Port) == 0 && owner != NULL) {
    uint32_t node = (uint32_t)atoi(owner);
    if (node == self.sourceNode) self.sourcePort = id;
    if (node == self.sinkNode) self.sinkPort = id;
  }
}

static const struct pw_registry_events registryEvents = {PW_VERSION_REGISTRY_EVENTS, .global = on_global};

static void open_stream(void) {
  const char *name = self.isSource ? "bench-source" : "bench-sink";
  self.stream = pw_stream_new(self.core, name, pw_properties_new(PW_KEY_NODE_NAME, name, NULL));
  pw_stream_add_listener(self.stream, &self.streamHook, &streamEvents, NULL);
  uint8_t room[1024];
  struct spa_pod_builder builder = SPA_POD_BUILDER_INIT(room, sizeof room);
  struct spa_pod_frame frame;
  spa_pod_builder_push_object(&builder, &frame, SPA_TYPE_OBJECT_Format, SPA_PARAM_EnumFormat);
  spa_pod_builder_add(&builder,
      SPA_FORMAT_mediaType, SPA_POD_Id(SPA_MEDIA_TYPE_video),
      SPA_FORMAT_mediaSubtype, SPA_POD_Id(SPA_MEDIA_SUBTYPE_raw),
      SPA_FORMAT_VIDEO_format, SPA_POD_Id(SPA_VIDEO_FORMAT_RGBA), 0);
  struct spa_rectangle one = {1, 1}, most = {4096, 4096}, wanted = {self.width, self.height};
  struct spa_fraction still = {0, 1}, rate = {30, 1}, fast = {1000, 1};
  spa_pod_builder_add(&builder,
      SPA_FORMAT_VIDEO_size, SPA_POD_CHOICE_RANGE_Rectangle(&wanted, self.isSource ? &one : &wanted, self.isSource ? &most : &wanted),
      SPA_FORMAT_VIDEO_framerate, SPA_POD_CHOICE_RANGE_Fraction(&rate, &still, &fast), 0);
  const struct spa_pod *format = spa_pod_builder_pop(&builder, &frame);
  enum pw_stream_flags flags = PW_STREAM_FLAG_MAP_BUFFERS | (self.isSource ? PW_STREAM_FLAG_DRIVER : 0);
  enum pw_direction direction = self.isSource ? PW_DIRECTION_OUTPUT : PW_DIRECTION_INPUT;
  if (pw_stream_connect(self.stream, direction, PW_ID_ANY, flags, &format, 1) < 0) die("cannot connect a stream");
}

static void wait_until_linkable(void) {
  double start = now();
  while (self.sourcePort == 0 || self.sinkPort == 0) {
    turn(50);
    if (now() - start > PATIENCE_US) die("the nodes have no ports");
  }
  sync_with_daemon();
}

static struct pw_properties *link_properties(void) {
  struct pw_properties *properties = pw_properties_new(NULL, NULL);
  pw_properties_setf(properties, PW_KEY_LINK_OUTPUT_NODE, "%u", self.sourceNode);
  pw_properties_setf(properties, PW_KEY_LINK_OUTPUT_PORT, "%u", self.sourcePort);
  pw_properties_setf(properties, PW_KEY_LINK_INPUT_NODE, "%u", self.sinkNode);
  pw_properties_setf(properties, PW_KEY_LINK_INPUT_PORT, "%u", self.sinkPort);
  return properties;
}

static void link_once(void) {
  self.sinkNode = self.sinkPort = 0;
  self.buffers = 0;
  open_stream();
  wait_until_linkable();
  struct pw_properties *properties = link_properties();
  self.mappedAt = self.arrivedAt = 0;
  double start = now();
  struct pw_proxy *link = pw_core_create_object(self.core, "link-factory", PW_TYPE_INTERFACE_Link, PW_VERSION_LINK,
                                                &properties->dict, 0);
  while (self.arrivedAt == 0) {
    turn(100);
    if (now() - start > PATIENCE_US) die("no frame arrives");
  }
  printf("%.1f %.1f\n", self.mappedAt - start, self.arrivedAt - start);
  pw_core_destroy(self.core, link);
  pw_properties_free(properties);
  sync_with_daemon();
  pw_stream_destroy(self.stream);
  sync_with_daemon();
}

int main(int count, char **arguments) {
  pw_init(&count, &arguments);
  self.isSource = count == 2 && strcmp(arguments[1], "source") == 0;
  if (!self.isSource && count != 5) die("usage: pipewire source | sink ITERATIONS WIDTH HEIGHT");
  self.width = self.isSource ? 1920 : (uint32_t)atoi(arguments[3]);
  self.height = self.isSource ? 1080 : (uint32_t)atoi(arguments[4]);
  self.loop = pw_main_loop_new(NULL);
  struct pw_loop *loop = pw_main_loop_get_loop(self.loop);
  struct pw_properties *properties =
      getenv("BENCH_NO_MLOCK") ? pw_properties_new("mem.allow-mlock", "false", NULL) : NULL;
  self.core = pw_context_connect(pw_context_new(loop, properties, 0), NULL, 0);
  if (self.core == NULL) die("no daemon");
  pw_core_add_listener(self.core, &self.coreHook, &coreEvents, NULL);
  struct pw_registry *registry = pw_core_get_registry(self.core, PW_VERSION_REGISTRY, 0);
  pw_registry_add_listener(registry, &self.registryHook, &registryEvents, NULL);
  if (self.isSource) {
    self.timer = pw_loop_add_timer(loop, on_timer, NULL);
    open_stream();
    pw_main_loop_run(self.loop);
    return 0;
  }
  for (int i = 0; i < atoi(arguments[2]); i++) link_once();
  return 0;
}
