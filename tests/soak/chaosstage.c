/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Probes at both ends of the element.
 */
#include "chaosstage.h"

#include "chaoscode.h"
#include "soak.h"

#define PORTION 20 /* items that are sent at once */
#define MS (CHAOS_RATE / 1000)
#define TOOLS                                                                  \
  "[{\"type\":\"function\",\"name\":\"look\",\"parameters\":{}},"              \
  "{\"type\":\"function\",\"name\":\"think\",\"parameters\":{}}]"

/* --- the user --- */

/* Writes what falls into the buffer's @n samples. */
static void
speak (ChaosStage *stage, GstClockTime pts, gint16 *samples, gsize n)
{
  ChaosTurn *turn = &g_array_index (
      stage->turns, ChaosTurn, stage->turns->len - 1);

  if (turn->start == GST_CLOCK_TIME_NONE)
    turn->start = pts;
  chaos_code_write (stage->turns->len - 1, stage->said, samples, n);
  stage->said += n;
  if (stage->said >= stage->total)
    turn->end = pts + gst_util_uint64_scale (n, GST_SECOND, CHAOS_RATE);
}

static GstPadProbeReturn
on_user (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  GstBuffer *buffer = gst_buffer_make_writable (
      GST_PAD_PROBE_INFO_BUFFER (info));
  ChaosStage *stage = data;
  GstMapInfo map;

  info->data = buffer;
  g_mutex_lock (&stage->lock);
  if (stage->said < stage->total) {
    gst_buffer_map (buffer, &map, GST_MAP_WRITE);
    speak (stage, GST_BUFFER_PTS (buffer), (gint16 *) map.data, map.size / 2);
    gst_buffer_unmap (buffer, &map);
    GST_BUFFER_FLAG_UNSET (buffer, GST_BUFFER_FLAG_GAP);
  }
  g_mutex_unlock (&stage->lock);
  return GST_PAD_PROBE_OK;
}

void
chaos_stage_speak (ChaosStage *stage, guint ms)
{
  ChaosTurn turn = { GST_CLOCK_TIME_NONE, GST_CLOCK_TIME_NONE };

  g_mutex_lock (&stage->lock);
  g_assert_cmpuint (stage->turns->len, <, CHAOS_NUMBERS);
  g_array_append_val (stage->turns, turn);
  stage->said = 0;
  stage->total = MAX (CHAOS_CODE, (guint64) ms * MS);
  g_mutex_unlock (&stage->lock);
}

gboolean
chaos_stage_speaks (ChaosStage *stage)
{
  gboolean speaks;

  g_mutex_lock (&stage->lock);
  speaks = stage->said < stage->total;
  g_mutex_unlock (&stage->lock);
  return speaks;
}

guint
chaos_stage_count_turns (ChaosStage *stage)
{
  guint n;

  g_mutex_lock (&stage->lock);
  n = stage->turns->len;
  g_mutex_unlock (&stage->lock);
  return n;
}

ChaosTurn
chaos_stage_get_turn (ChaosStage *stage, guint turn)
{
  ChaosTurn result;

  g_mutex_lock (&stage->lock);
  result = g_array_index (stage->turns, ChaosTurn, turn);
  g_mutex_unlock (&stage->lock);
  return result;
}

/* --- the agent --- */

static void
hear (ChaosStage *stage, GstBuffer *buffer)
{
  GstCustomMeta *meta = gst_buffer_get_custom_meta (buffer, "GstRealtime2Meta");
  const gchar *id = meta == NULL
      ? NULL
      : gst_structure_get_string (
          gst_custom_meta_get_structure (meta), "response-id");
  guint ms = GST_BUFFER_DURATION (buffer) / GST_MSECOND;

  if (id == NULL)
    return;
  ms += GPOINTER_TO_UINT (g_hash_table_lookup (stage->heard, id));
  g_hash_table_replace (stage->heard, g_strdup (id), GUINT_TO_POINTER (ms));
}

static GstPadProbeReturn
on_agent (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  GstClockTime pts = GST_BUFFER_PTS (buffer);
  ChaosStage *stage = data;
  guint stall;

  g_mutex_lock (&stage->lock);
  if (stage->next != GST_CLOCK_TIME_NONE) {
    stage->breaks += pts > stage->next;
    stage->overlaps += pts < stage->next;
  }
  stage->next = pts + GST_BUFFER_DURATION (buffer);
  stage->buffers++;
  hear (stage, buffer);
  stall = stage->stall;
  stage->stall = 0;
  g_mutex_unlock (&stage->lock);
  if (stall > 0)
    g_usleep (stall * 1000);
  return GST_PAD_PROBE_OK;
}

guint
chaos_stage_count_heard (ChaosStage *stage)
{
  guint n;

  g_mutex_lock (&stage->lock);
  n = g_hash_table_size (stage->heard);
  g_mutex_unlock (&stage->lock);
  return n;
}

guint
chaos_stage_get_heard (ChaosStage *stage, const gchar *response)
{
  guint ms;

  g_mutex_lock (&stage->lock);
  ms = GPOINTER_TO_UINT (g_hash_table_lookup (stage->heard, response));
  g_mutex_unlock (&stage->lock);
  return ms;
}

void
chaos_stage_stall (ChaosStage *stage, guint ms)
{
  g_mutex_lock (&stage->lock);
  stage->stall = ms;
  g_mutex_unlock (&stage->lock);
}

/* --- what is remembered --- */

void
chaos_stage_fill_memory (ChaosStage *stage)
{
  GstPad *pad = stage_get_pad (stage->stage, "ai", "src");

  stage_wait (stage->stage, "realtime2/session-updated");
  for (guint i = 0; i < SOAK_MEMORY; i++) {
    gst_pad_send_event (pad,
        gst_event_new_custom (GST_EVENT_CUSTOM_UPSTREAM,
            gst_structure_new ("realtime2/send-text", "role", G_TYPE_STRING,
                "system", "text", G_TYPE_STRING, "Be kind, be brief.",
                "respond", G_TYPE_BOOLEAN, FALSE, NULL)));
    if (i % PORTION == 0)
      g_usleep (PORTION * 1000);
  }
  gst_object_unref (pad);
}

/* --- text --- */

typedef struct {
  ChaosStage *stage;
  GstClockTime next; /* of the pad's streaming thread */
} TextWatch;

static void
note_text (TextWatch *watch, GstClockTime pts, GstClockTime duration)
{
  if (pts < watch->next) {
    g_mutex_lock (&watch->stage->lock);
    watch->stage->text_overlaps++;
    g_mutex_unlock (&watch->stage->lock);
  }
  watch->next = pts;
  if (GST_CLOCK_TIME_IS_VALID (duration))
    watch->next += duration;
}

static GstPadProbeReturn
on_text (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  GstClockTime pts, duration;

  if (info->type & GST_PAD_PROBE_TYPE_BUFFER) {
    note_text (data, GST_BUFFER_PTS (GST_PAD_PROBE_INFO_BUFFER (info)),
        GST_BUFFER_DURATION (GST_PAD_PROBE_INFO_BUFFER (info)));
  } else if (GST_EVENT_TYPE (GST_PAD_PROBE_INFO_EVENT (info))
      == GST_EVENT_GAP) {
    gst_event_parse_gap (GST_PAD_PROBE_INFO_EVENT (info), &pts, &duration);
    note_text (data, pts, duration);
  }
  return GST_PAD_PROBE_OK;
}

void
chaos_stage_watch_text (ChaosStage *stage, GstPad *pad)
{
  TextWatch *watch = g_new0 (TextWatch, 1);

  watch->stage = stage;
  gst_pad_add_probe (pad,
      GST_PAD_PROBE_TYPE_BUFFER | GST_PAD_PROBE_TYPE_EVENT_DOWNSTREAM, on_text,
      watch, g_free);
}

/* --- the whole --- */

gchar *
chaos_stage_dup_uri (SoakPeer *peer, guint road)
{
  return g_strdup_printf ("ws://127.0.0.1:%" G_GINT64_FORMAT
                          "/v1/realtime?road=%u",
      soak_peer_do (peer, "port %u", road), road);
}

static Stage *
new_stage (SoakPeer *peer)
{
  g_autofree gchar *uri = chaos_stage_dup_uri (peer, CHAOS_ROAD_MAIN);
  g_autofree gchar *fallback = chaos_stage_dup_uri (peer, CHAOS_ROAD_FALLBACK);
  Stage *stage = stage_new (
      "audiotestsrc name=user is-live=true wave=silence samplesperbuffer=480 ! "
      "audio/x-raw,format=S16LE,rate=24000,channels=1 ! "
      "realtime2 name=ai uri=\"%s\" fallback-uri=\"%s\" "
      "fallback-interval=3000000000 retries=-1 retry-backoff-max=1000000000 "
      "keepalive-interval=2000000000 connect-timeout=3000000000 "
      "tool-timeout=3000000000 history-limit=60 vad-silence-duration=300000000 greeting=Hello. "
      "transcription-model=gpt-4o-mini-transcribe ! "
      "tee name=t t. ! queue ! fakesink sync=true "
      "t. ! queue ! matroskamux name=mux streamable=true ! "
      "fakesink sync=false async=false "
      "ai.text_src_0 ! text/x-raw,format=utf8 ! queue ! mux. "
      "ai.text_src_1 ! application/x-json ! queue ! "
      "fakesink sync=false async=false",
      uri, fallback);

  g_object_set (stage->ai, "api-key", "sk-0", "fallback-api-key", "sk-fallback",
      "tools", TOOLS, "event-log", g_getenv ("RT2_EVENT_LOG"), NULL);
  return stage;
}

static void
add_probe (ChaosStage *stage, const gchar *element, const gchar *name,
    GstPadProbeCallback callback)
{
  GstPad *pad = stage_get_pad (stage->stage, element, name);

  if (callback != NULL)
    gst_pad_add_probe (pad, GST_PAD_PROBE_TYPE_BUFFER, callback, stage, NULL);
  else
    chaos_stage_watch_text (stage, pad);
  gst_object_unref (pad);
}

ChaosStage *
chaos_stage_new (SoakPeer *peer)
{
  ChaosStage *stage = g_new0 (ChaosStage, 1);

  g_mutex_init (&stage->lock);
  stage->stage = new_stage (peer);
  stage->turns = g_array_new (FALSE, FALSE, sizeof (ChaosTurn));
  stage->heard = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  stage->next = GST_CLOCK_TIME_NONE;
  add_probe (stage, "user", "src", on_user);
  add_probe (stage, "ai", "src", on_agent);
  add_probe (stage, "ai", "text_src_0", NULL);
  add_probe (stage, "ai", "text_src_1", NULL);
  return stage;
}

void
chaos_stage_free (ChaosStage *stage)
{
  stage_free (stage->stage);
  g_array_unref (stage->turns);
  g_hash_table_unref (stage->heard);
  g_mutex_clear (&stage->lock);
  g_free (stage);
}
