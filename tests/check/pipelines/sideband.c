/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A sideband: the element joins a call whose sound goes elsewhere. It sends no
 * audio whatever its input is, and what both sides say can be read.
 */
#define _GNU_SOURCE /* strcasestr() */
#include <gst/gst.h>
#include <string.h>

#include "sandbox.h"
#include "stage.h"

#define CALL "rtc_u1_4f"
#define HEARD "Where are you?"
#define FIRST "Let me look."
#define SECOND "At the harbour."

/* A live voice is linked, so that there is audio that could be sent. */
#define LINE                                                                   \
  "audiotestsrc is-live=true samplesperbuffer=480 ! "                          \
  "audio/x-raw,format=S16LE,rate=24000,channels=1 ! "                          \
  "realtime2 name=ai uri=%s call-id=%s %s "                                    \
  "text_src_0::roles=assistant text_src_1::roles=user  "                       \
  "ai.src ! fakesink name=sound signal-handoffs=true  "                        \
  "ai.text_src_0 ! text/x-raw,format=utf8 ! "                                  \
  "fakesink name=agent signal-handoffs=true sync=false  "                      \
  "ai.text_src_1 ! text/x-raw,format=utf8 ! "                                  \
  "fakesink name=caller signal-handoffs=true sync=false"

static const gchar script[] =
    "{\"turns\":[{\"hear\":\"" HEARD "\",\"hear_ms\":600,\"say\":["
    "{\"text\":\"" FIRST "\",\"phase\":\"commentary\",\"tone_ms\":300},"
    "{\"text\":\"" SECOND "\",\"phase\":\"final_answer\",\"tone_ms\":400}]}]}";

/* What came out of one pad. */
typedef struct {
  GMutex lock;
  GCond changed;
  /* Under the lock, as all below. */
  GString *text;
  guint loud; /* buffers that are not silence */
} Ear;

static void
on_text (GstElement *sink, GstBuffer *buffer, GstPad *pad, Ear *ear)
{
  GstMapInfo map;

  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
  g_mutex_lock (&ear->lock);
  g_string_append (ear->text, ear->text->len > 0 ? "|" : "");
  g_string_append_len (ear->text, (gchar *) map.data, map.size);
  g_cond_broadcast (&ear->changed);
  g_mutex_unlock (&ear->lock);
  gst_buffer_unmap (buffer, &map);
}

static void
on_sound (GstElement *sink, GstBuffer *buffer, GstPad *pad, Ear *ear)
{
  if (GST_BUFFER_FLAG_IS_SET (buffer, GST_BUFFER_FLAG_GAP))
    return;
  g_mutex_lock (&ear->lock);
  ear->loud++;
  g_mutex_unlock (&ear->lock);
}

static Ear *
ear_new (Stage *stage, const gchar *name, GCallback callback)
{
  GstElement *sink = stage_get (stage, name);
  Ear *ear = g_new0 (Ear, 1);

  g_mutex_init (&ear->lock);
  g_cond_init (&ear->changed);
  ear->text = g_string_new (NULL);
  g_signal_connect (sink, "handoff", callback, ear);
  gst_object_unref (sink);
  return ear;
}

static void
ear_free (Ear *ear)
{
  g_string_free (ear->text, TRUE);
  g_mutex_clear (&ear->lock);
  g_cond_clear (&ear->changed);
  g_free (ear);
}

/* Waits until all that was said is @text, with bars between the buffers. */
static void
ear_wait (Ear *ear, const gchar *text)
{
  gint64 deadline = g_get_monotonic_time () + STAGE_PATIENCE / GST_USECOND;

  g_mutex_lock (&ear->lock);
  while (ear->text->len < strlen (text))
    if (!g_cond_wait_until (&ear->changed, &ear->lock, deadline))
      g_error ("not \"%s\", only \"%s\"", text, ear->text->str);
  g_assert_cmpstr (ear->text->str, ==, text);
  g_mutex_unlock (&ear->lock);
}

static Sandbox *
start_sandbox (void)
{
  static const gchar *const calls[] = { CALL, NULL };
  const SandboxOptions options = { .script_json = script, .calls = calls };

  return stage_start_sandbox (&options);
}

static Stage *
new_stage (Sandbox *sandbox, const gchar *call, const gchar *properties)
{
  return stage_new (LINE, sandbox_get_uri (sandbox), call, properties);
}

/* All that is told: the agent's words in their order; those of the caller come
 * when they are written down, which may be after the answer. */
static void
expect_transcripts (Stage *stage)
{
  g_autoptr (GString) agent = g_string_new (NULL);
  guint heard = 0;

  for (guint i = 0; i < 3; i++) {
    const GstStructure *fields = stage_wait (stage, "realtime2/transcript");
    const gchar *text = gst_structure_get_string (fields, "text");

    if (g_str_equal (gst_structure_get_string (fields, "role"), "assistant")) {
      g_string_append (agent, text);
    } else {
      g_assert_cmpstr (text, ==, HEARD);
      heard++;
    }
  }
  g_assert_cmpuint (heard, ==, 1);
  g_assert_cmpstr (agent->str, ==, FIRST SECOND);
}

/* Nothing that has to do with the input's audio was ever sent. */
static void
assert_no_audio_events (Sandbox *sandbox)
{
  g_autoptr (GPtrArray) events = sandbox_dup_received (sandbox, NULL);

  g_assert_cmpuint (events->len, >, 0);
  for (guint i = 0; i < events->len; i++) {
    const SandboxRecord *record = g_ptr_array_index (events, i);

    if (g_str_has_prefix (record->type, "input_audio_buffer."))
      g_error ("%s", record->json);
  }
  g_assert_cmpuint (sandbox_audio_bytes_received (sandbox), ==, 0);
}

/* What the call's audio is was settled by whoever made it. */
static void
assert_modest (Sandbox *sandbox, const gchar *wanted)
{
  static const gchar *const others[] = { "\"format\"", "\"turn_detection\"",
    "\"voice\"", "\"model\":\"gpt-realtime-2" };
  g_autoptr (GPtrArray)
      updates = sandbox_dup_received (sandbox, "session.update");

  g_assert_cmpuint (updates->len, >, 0);
  for (guint i = 0; i < updates->len; i++) {
    const SandboxRecord *record = g_ptr_array_index (updates, i);

    g_assert_nonnull (strstr (record->json, wanted));
    for (guint k = 0; k < G_N_ELEMENTS (others); k++)
      if (strstr (record->json, others[k]) != NULL)
        g_error ("%s in %s", others[k], record->json);
  }
}

static void
assert_joined (Sandbox *sandbox)
{
  g_autoptr (GPtrArray) requests = sandbox_dup_requests (sandbox);
  const SandboxRequest *request;

  g_assert_cmpuint (requests->len, ==, 1);
  request = g_ptr_array_index (requests, 0);
  g_assert_cmpstr (request->target, ==, "/v1/realtime?call_id=" CALL);
  g_assert_cmpuint (request->status, ==, 101);
}

static void
test_call (void)
{
  Sandbox *sandbox = start_sandbox ();
  Stage *stage = new_stage (sandbox, CALL, "instructions=Help");
  Ear *sound = ear_new (stage, "sound", G_CALLBACK (on_sound));
  Ear *agent = ear_new (stage, "agent", G_CALLBACK (on_text));
  Ear *caller = ear_new (stage, "caller", G_CALLBACK (on_text));
  g_autoptr (GPtrArray) errors = NULL;

  stage_play (stage);
  expect_transcripts (stage);
  ear_wait (caller, HEARD);
  ear_wait (agent, FIRST "|" SECOND);
  stage_expect_no_error (stage);
  gst_element_set_state (stage->pipeline, GST_STATE_NULL);

  assert_joined (sandbox);
  assert_no_audio_events (sandbox);
  assert_modest (sandbox, "\"instructions\":\"Help\"");
  g_assert_cmpuint (
      sandbox_count_received (sandbox, "conversation.item.truncate"), ==, 0);
  g_assert_cmpuint (
      sandbox_count_received (sandbox, "conversation.item.delete"), ==, 0);
  errors = sandbox_dup_errors (sandbox);
  g_assert_cmpuint (errors->len, ==, 0);
  g_assert_cmpuint (sound->loud, ==, 0);
  ear_free (sound);
  ear_free (agent);
  ear_free (caller);
  stage_free (stage);
  sandbox_stop_thread (sandbox);
}

/* The end of the input is the end of the pipeline, and no commit. */
static void
test_end (void)
{
  Sandbox *sandbox = start_sandbox ();
  Stage *stage = new_stage (sandbox, CALL, "turn-detection=none");

  stage_play (stage);
  expect_transcripts (stage);
  gst_element_send_event (stage->pipeline, gst_event_new_eos ());
  stage_wait_eos (stage);
  stage_expect_no_error (stage);
  gst_element_set_state (stage->pipeline, GST_STATE_NULL);
  assert_no_audio_events (sandbox);
  stage_free (stage);
  sandbox_stop_thread (sandbox);
}

static void
test_unknown_call (void)
{
  Sandbox *sandbox = start_sandbox ();
  Stage *stage = new_stage (sandbox, "rtc_gone", "");
  g_autoptr (GError) error = NULL;

  stage_play (stage);
  gst_message_parse_error (stage_wait_error (stage), &error, NULL);
  g_test_message ("%s", error->message);
  g_assert_error (error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_FOUND);
  if (strcasestr (error->message, "call") == NULL)
    g_error ("nothing is said of the call: %s", error->message);
  g_assert_cmpuint (
      stage_count_element (stage, "realtime2/session-lost"), ==, 0);
  g_assert_cmpuint (sandbox_count_connections (sandbox), ==, 0);
  stage_free (stage);
  sandbox_stop_thread (sandbox);
}

int
main (int argc, char *argv[])
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/sideband/call", test_call);
  g_test_add_func ("/sideband/end", test_end);
  g_test_add_func ("/sideband/unknown-call", test_unknown_call);
  return g_test_run ();
}
