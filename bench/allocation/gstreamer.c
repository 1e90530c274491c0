/*
 * GStreamer in one process: from set_state(PLAYING) until the first buffer is at the sink. Elements exist before; their
 * formats are negotiated, memory is allocated, and the source paints one frame.
 *
 *     cc -O2 -o gstreamer gstreamer.c $(pkg-config --cflags --libs gstreamer-1.0) && ./gstreamer ITERATIONS WIDTH HEIGHT
 *
 * Prints one line of microseconds for each iteration.
 */
#include <gst/gst.h>
#include <stdio.h>
#include <stdlib.h>

static GMutex lock;
static GCond arrival;
static gint64 arrivedAt;

static void on_handoff(GstElement *sink, GstBuffer *buffer, GstPad *pad, gpointer unused) {
  g_mutex_lock(&lock);
  if (arrivedAt == 0) arrivedAt = g_get_monotonic_time();
  g_cond_signal(&arrival);
  g_mutex_unlock(&lock);
}

int main(int count, char **arguments) {
  if (count != 4) {
    fprintf(stderr, "usage: gstreamer ITERATIONS WIDTH HEIGHT\n");
    return 2;
  }
  gst_init(NULL, NULL);
  char *launch = g_strdup_printf(
      "videotestsrc num-buffers=1 pattern=black ! video/x-raw,format=RGBA,width=%s,height=%s,framerate=1000/1 ! "
      "fakesink name=sink signal-handoffs=true sync=false",
      arguments[2], arguments[3]);
  for (int i = 0; i < atoi(arguments[1]); i++) {
    GstElement *pipeline = gst_parse_launch(launch, NULL);
    if (pipeline == NULL) return 1;
    GstElement *sink = gst_bin_get_by_name(GST_BIN(pipeline), "sink");
    g_signal_connect(sink, "handoff", G_CALLBACK(on_handoff), NULL);
    arrivedAt = 0;
    gint64 start = g_get_monotonic_time();
    gst_element_set_state(pipeline, GST_STATE_PLAYING);
    g_mutex_lock(&lock);
    while (arrivedAt == 0) g_cond_wait(&arrival, &lock);
    printf("%ld\n", (long)(arrivedAt - start));
    g_mutex_unlock(&lock);
    gst_element_set_state(pipeline, GST_STATE_NULL);
    gst_object_unref(sink);
    gst_object_unref(pipeline);
  }
  g_free(launch);
  return 0;
}
