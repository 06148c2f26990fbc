/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the element says of itself: properties, state, statistics, messages.
 */
#include "harness.h"

#include <string.h>

#include "testcertificate.h"
#include "testpeer.h"

#define UPDATE "session.update"

static const Spot spot_a = { "resp_1", 0, "item_a" };
static const Spot spot_b = { "resp_1", 1, "item_b" };

/* --- every property --- */

/* A value of @pspec that is not its default. */
static void
set_other_number (GValue *value, GParamSpec *pspec)
{
  if (G_IS_PARAM_SPEC_BOOLEAN (pspec))
    g_value_set_boolean (value, !G_PARAM_SPEC_BOOLEAN (pspec)->default_value);
  else if (G_IS_PARAM_SPEC_INT (pspec))
    g_value_set_int (value, G_PARAM_SPEC_INT (pspec)->default_value + 1);
  else if (G_IS_PARAM_SPEC_UINT (pspec))
    g_value_set_uint (value, G_PARAM_SPEC_UINT (pspec)->default_value + 1);
  else if (G_IS_PARAM_SPEC_UINT64 (pspec))
    g_value_set_uint64 (value,
        G_PARAM_SPEC_UINT64 (pspec)->default_value
                == G_PARAM_SPEC_UINT64 (pspec)->maximum
            ? G_PARAM_SPEC_UINT64 (pspec)->minimum + 1
            : G_PARAM_SPEC_UINT64 (pspec)->default_value + 1);
  else if (G_IS_PARAM_SPEC_FLAGS (pspec))
    g_value_set_flags (value, G_PARAM_SPEC_FLAGS (pspec)->flags_class->mask);
  else if (G_IS_PARAM_SPEC_DOUBLE (pspec))
    g_value_set_double (value, G_PARAM_SPEC_DOUBLE (pspec)->minimum + 0.125);
  else
    ck_abort_msg ("no value is known for %s", pspec->name);
}

static void
set_other_choice (GValue *value, GParamSpec *pspec)
{
  GEnumClass *klass = G_PARAM_SPEC_ENUM (pspec)->enum_class;
  gint last = klass->values[klass->n_values - 1].value;

  if (last == G_PARAM_SPEC_ENUM (pspec)->default_value)
    last = klass->values[0].value;
  g_value_set_enum (value, last);
}

static void
set_other_object (GValue *value, GParamSpec *pspec)
{
  GTlsBackend *backend = g_tls_backend_get_default ();

  if (g_type_is_a (pspec->value_type, G_TYPE_TLS_CERTIFICATE))
    g_value_take_object (value, test_certificate_new (TEST_TLS_TRUSTED));
  else if (g_type_is_a (pspec->value_type, G_TYPE_TLS_DATABASE))
    g_value_take_object (value, g_tls_backend_get_default_database (backend));
  else
    ck_abort_msg ("no object is known for %s", pspec->name);
}

static void
set_other (GValue *value, GParamSpec *pspec)
{
  g_value_init (value, pspec->value_type);
  if (G_IS_PARAM_SPEC_STRING (pspec))
    g_value_take_string (
        value, g_strdup_printf ("the %s of this test", pspec->name));
  else if (G_IS_PARAM_SPEC_ENUM (pspec))
    set_other_choice (value, pspec);
  else if (G_IS_PARAM_SPEC_OBJECT (pspec))
    set_other_object (value, pspec);
  else if (pspec->value_type == GST_TYPE_STRUCTURE)
    g_value_take_boxed (value,
        gst_structure_new ("headers", "x-test", G_TYPE_STRING, "1", NULL));
  else
    set_other_number (value, pspec);
}

static gboolean
is_settable (GParamSpec *pspec)
{
  return g_str_equal (g_type_name (pspec->owner_type), "GstRealtime2")
      && (pspec->flags & G_PARAM_WRITABLE);
}

/* Setting @set changes no other property of @object. */
static void
assert_others_are_defaults (GObject *object, const gchar *set)
{
  guint n;
  GParamSpec **pspecs = g_object_class_list_properties (
      G_OBJECT_GET_CLASS (object), &n);

  for (guint i = 0; i < n; i++) {
    GValue value = G_VALUE_INIT;

    if (g_str_equal (pspecs[i]->name, set) || !is_settable (pspecs[i])
        || !(pspecs[i]->flags & G_PARAM_READABLE))
      continue;
    g_object_get_property (object, pspecs[i]->name, &value);
    fail_unless (g_param_value_defaults (pspecs[i], &value),
        "setting %s changed %s", set, pspecs[i]->name);
    g_value_unset (&value);
  }
  g_free (pspecs);
}

GST_START_TEST (test_each_by_itself)
{
  GstElement *element = gst_element_factory_make ("realtime2", NULL);
  GObjectClass *klass = G_OBJECT_GET_CLASS (element);
  guint n;
  GParamSpec **pspecs = g_object_class_list_properties (klass, &n);

  for (guint i = 0; i < n; i++) {
    GObject *object = g_object_new (G_OBJECT_CLASS_TYPE (klass), NULL);
    GValue value = G_VALUE_INIT;

    if (is_settable (pspecs[i])) {
      set_other (&value, pspecs[i]);
      g_object_set_property (object, pspecs[i]->name, &value);
      g_value_unset (&value);
    }
    assert_others_are_defaults (object, pspecs[i]->name);
    gst_object_unref (object);
  }
  g_free (pspecs);
  gst_object_unref (element);
}
GST_END_TEST;

/* All are set before any is read. */
GST_START_TEST (test_round_trip)
{
  GstElement *element = gst_element_factory_make ("realtime2", NULL);
  GObject *object = G_OBJECT (element);
  guint n, tried = 0;
  GParamSpec **pspecs = g_object_class_list_properties (
      G_OBJECT_GET_CLASS (object), &n);

  for (guint i = 0; i < n; i++) {
    GValue value = G_VALUE_INIT;

    if (!is_settable (pspecs[i]))
      continue;
    set_other (&value, pspecs[i]);
    fail_if (g_param_value_defaults (pspecs[i], &value));
    g_object_set_property (object, pspecs[i]->name, &value);
    g_value_unset (&value);
  }
  for (guint i = 0; i < n; i++) {
    GValue wanted = G_VALUE_INIT, value = G_VALUE_INIT;

    if (!is_settable (pspecs[i]) || !(pspecs[i]->flags & G_PARAM_READABLE))
      continue;
    set_other (&wanted, pspecs[i]);
    g_object_get_property (object, pspecs[i]->name, &value);
    fail_if (g_param_value_defaults (pspecs[i], &value),
        "%s did not take its value", pspecs[i]->name);
    if (!G_IS_PARAM_SPEC_OBJECT (pspecs[i]))
      fail_unless (g_param_values_cmp (pspecs[i], &value, &wanted) == 0,
          "%s is not what it was set to", pspecs[i]->name);
    g_value_unset (&wanted);
    g_value_unset (&value);
    tried++;
  }
  fail_unless (tried > 20);
  g_free (pspecs);
  gst_object_unref (element);
}
GST_END_TEST;

/* What a new element says is what is written down as its default. */
GST_START_TEST (test_defaults)
{
  GstElement *element = gst_element_factory_make ("realtime2", NULL);
  guint n;
  GParamSpec **pspecs = g_object_class_list_properties (
      G_OBJECT_GET_CLASS (element), &n);

  for (guint i = 0; i < n; i++) {
    GValue value = G_VALUE_INIT;

    if (!is_settable (pspecs[i]) || !(pspecs[i]->flags & G_PARAM_READABLE))
      continue;
    g_object_get_property (G_OBJECT (element), pspecs[i]->name, &value);
    fail_unless (g_param_value_defaults (pspecs[i], &value),
        "%s is not its default", pspecs[i]->name);
    fail_unless (strlen (g_param_spec_get_blurb (pspecs[i])) > 0);
    g_value_unset (&value);
  }
  g_free (pspecs);
  gst_object_unref (element);
}
GST_END_TEST;

static const struct {
  const gchar *name, *value;
} documented[] = {
  { "model", "gpt-realtime-2" },
  { "voice", "marin" },
  { "connect-timeout", "10000000000" },
  { "retries", "-2" },
  { "retry-backoff-max", "30000000000" },
  { "keepalive-interval", "15000000000" },
  { "turn-detection", "server-vad" },
  { "vad-threshold", "0.5" },
  { "vad-prefix-padding", "300000000" },
  { "vad-silence-duration", "500000000" },
  { "vad-eagerness", "auto" },
  { "idle-timeout", "0" },
  { "create-response", "true" },
  { "interrupt-response", "true" },
  { "chunk-duration", "40000000" },
  { "output-buffer-duration", "20000000" },
  { "max-size-time", "5000000000" },
  { "leaky", "auto" },
  { "playout-offset", "0" },
  { "flush-on-interrupt", "false" },
  { "min-interruption", "0" },
  { "protect", "0" },
  { "commentary", "play" },
  { "mute-while-speaking", "false" },
  { "echo-tail", "300000000" },
  { "tool-timeout", "30000000000" },
  { "eos-silence", "18446744073709551615" },
  { "eos-timeout", "30000000000" },
  { "sync-input", "auto" },
  { "post-server-events", "false" },
  { "state", "disconnected" },
};

GST_START_TEST (test_documented_default)
{
  GstElement *element = gst_element_factory_make ("realtime2", NULL);
  GValue value = G_VALUE_INIT, wanted = G_VALUE_INIT;
  GParamSpec *pspec = g_object_class_find_property (
      G_OBJECT_GET_CLASS (element), documented[__i__].name);

  fail_unless (pspec != NULL);
  g_value_init (&wanted, pspec->value_type);
  fail_unless (gst_value_deserialize (&wanted, documented[__i__].value));
  g_object_get_property (G_OBJECT (element), documented[__i__].name, &value);
  fail_unless (g_param_values_cmp (pspec, &value, &wanted) == 0);
  g_value_unset (&value);
  g_value_unset (&wanted);
  gst_object_unref (element);
}
GST_END_TEST;

/* Whatever shows an element shows its readable properties. */
GST_START_TEST (test_key_is_secret)
{
  static const gchar key[] = "sk-very-secret-0123456789";
  GstElement *bin = gst_pipeline_new (NULL);
  GstElement *element = gst_element_factory_make ("realtime2", NULL);
  GParamSpec *pspec = g_object_class_find_property (
      G_OBJECT_GET_CLASS (element), "api-key");
  gchar *dot;

  fail_unless (pspec->flags & G_PARAM_WRITABLE);
  fail_if (pspec->flags & G_PARAM_READABLE);
  g_object_set (element, "api-key", key, NULL);
  gst_bin_add (GST_BIN (bin), element);
  dot = gst_debug_bin_to_dot_data (GST_BIN (bin), GST_DEBUG_GRAPH_SHOW_ALL);
  fail_unless (strstr (dot, "GstRealtime2") != NULL);
  fail_unless (strstr (dot, "very-secret") == NULL);
  g_free (dot);
  gst_object_unref (bin);
}
GST_END_TEST;

/* Changes while an update is on its way become one more. */
GST_START_TEST (test_changes_are_coalesced)
{
  Talk *talk = talk_new_playing ();
  JsonObject *session, *input, *vad;

  peer_hold_updated (talk->peer, TRUE);
  g_object_set (talk->element, "instructions", "Be brief.", NULL);
  peer_event (talk->peer, UPDATE, 1);
  g_object_set (talk->element, "instructions", "Be long.", NULL);
  g_object_set (talk->element, "vad-threshold", 0.25, NULL);
  g_object_set (talk->element, "instructions", "Be kind.", NULL);
  talk_sync (talk);
  fail_unless_equals_int (peer_count (talk->peer, UPDATE), 2);

  peer_hold_updated (talk->peer, FALSE);
  session = json_object_get_object_member (
      peer_event (talk->peer, UPDATE, 2), "session");
  fail_unless_equals_string (
      json_object_get_string_member (session, "instructions"), "Be kind.");
  input = json_object_get_object_member (
      json_object_get_object_member (session, "audio"), "input");
  vad = json_object_get_object_member (input, "turn_detection");
  fail_unless_equals_float (
      json_object_get_double_member (vad, "threshold"), 0.25);
  talk_sync_up (talk);
  fail_unless_equals_int (peer_count (talk->peer, UPDATE), 4);
  talk_free (talk);
}
GST_END_TEST;

/* --- state --- */

static void
answer (Talk *talk, guint64 n)
{
  peer_begin (talk->peer, "resp_1");
  peer_item (talk->peer, &spot_a, NULL);
  peer_words (talk->peer, &spot_a, "Yes.");
  peer_speech (talk->peer, &spot_a, &law_pcm, 0, n);
  peer_words_done (talk->peer, &spot_a, "Yes.");
  peer_audio_done (talk->peer, &spot_a);
  peer_item_done (talk->peer, &spot_a, "Yes.", "final_answer");
  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
}

GST_START_TEST (test_state)
{
  Talk *talk = talk_new ();
  guint from = 0;

  peer_hold_created (talk->peer, TRUE);
  talk_play_unconnected (talk, &law_pcm, 0);
  talk_wait_state (talk, "connecting", &from);
  peer_hold_created (talk->peer, FALSE);
  talk_wait_state (talk, "ready", &from);
  peer_user_starts (talk->peer, "item_u", 0);
  talk_wait_state (talk, "listening", &from);
  peer_user_stops (talk->peer, "item_u", 500);
  peer_committed (talk->peer, "item_u");
  talk_wait_state (talk, "thinking", &from);
  answer (talk, 4800);
  talk_step (talk);
  talk_wait_state (talk, "speaking", &from);
  talk_run_to (talk, 500 * MS);
  talk_wait_state (talk, "ready", &from);
  fail_unless_equals_int (talk->states->len, from);
  gst_element_set_state (talk->element, GST_STATE_READY);
  talk_wait_state (talk, "disconnected", &from);
  fail_unless_equals_int (talk->states->len, from);
  talk_free (talk);
}
GST_END_TEST;

/* --- stats --- */

GST_START_TEST (test_stats)
{
  Talk *talk = talk_new_playing ();

  talk_speak (talk, &law_pcm, 24000);
  peer_wait_audio (talk->peer, 48000);
  answer (talk, 4900);
  peer_send (talk->peer,
      "{\"type\":\"error\",\"event_id\":\"e\",\"error\":{\"type\":"
      "\"server_error\",\"code\":\"odd\",\"message\":\"Odd.\"}}");
  talk_sync (talk);
  fail_unless_equals_uint64 (
      talk_stat (talk, "speech-queued-time"), law_ns (&law_pcm, 4900));

  talk_run_to (talk, 400 * MS);
  fail_unless_equals_uint64 (talk_stat (talk, "responses"), 1);
  fail_unless_equals_uint64 (talk_stat (talk, "server-errors"), 1);
  fail_unless_equals_uint64 (talk_stat (talk, "input-tokens"), 132);
  fail_unless_equals_uint64 (talk_stat (talk, "output-tokens"), 121);
  fail_unless_equals_uint64 (talk_stat (talk, "total-tokens"), 253);
  fail_unless_equals_uint64 (
      talk_stat (talk, "input-sent-time"), 1 * GST_SECOND);
  fail_unless_equals_uint64 (talk_stat (talk, "input-queued-time"), 0);
  fail_unless_equals_uint64 (talk_stat (talk, "input-dropped-time"), 0);
  fail_unless_equals_uint64 (talk_stat (talk, "output-buffers"), 21);
  fail_unless_equals_uint64 (talk_stat (talk, "output-silent-buffers"), 10);
  fail_unless_equals_uint64 (talk_stat (talk, "speech-queued-time"), 0);
  fail_unless_equals_uint64 (
      talk_stat (talk, "speech-played-time"), law_ns (&law_pcm, 4900));
  fail_unless (talk_stat (talk, "messages-sent") >= 26);
  fail_unless (talk_stat (talk, "messages-received") >= 10);
  fail_unless (talk_stat (talk, "bytes-sent") > 64000);
  talk_free (talk);
}
GST_END_TEST;

/* Kept after the end, forgotten at the next beginning. */
GST_START_TEST (test_stats_are_kept)
{
  Talk *talk = talk_new_playing ();

  answer (talk, 4900);
  gst_element_set_state (talk->element, GST_STATE_NULL);
  fail_unless_equals_uint64 (talk_stat (talk, "responses"), 1);

  gst_element_set_state (talk->element, GST_STATE_PLAYING);
  talk_message (talk, "session-updated", 1);
  talk_sync (talk);
  fail_unless_equals_uint64 (talk_stat (talk, "responses"), 0);
  talk_free (talk);
}
GST_END_TEST;

/* --- messages --- */

static const GstStructure *
message_at (Talk *talk, const gchar *name, guint64 running_time)
{
  const GstStructure *fields = talk_message (talk, name, 0);

  fail_unless_equals_uint64 (
      talk_uint64 (fields, "running-time"), running_time);
  return fields;
}

GST_START_TEST (test_session_messages)
{
  Talk *talk = talk_new ();
  const GstStructure *fields;

  peer_hold_created (talk->peer, TRUE);
  talk_play_unconnected (talk, &law_pcm, 0);
  talk_run_to (talk, 130 * MS);
  peer_hold_created (talk->peer, FALSE);
  fields = message_at (talk, "session-created", 130 * MS);
  fail_unless_equals_string (talk_string (fields, "session-id"), "sess_0");
  fail_unless_equals_string (talk_string (fields, "model"), "gpt-realtime-2");
  fail_unless_equals_uint64 (talk_uint64 (fields, "expires-at"), 1789003600);
  message_at (talk, "session-updated", 130 * MS);
  talk_free (talk);
}
GST_END_TEST;

GST_START_TEST (test_user_messages)
{
  Talk *talk = talk_new_playing ();
  const GstStructure *fields;
  gboolean final;

  talk_speak (talk, &law_pcm, 24000);
  peer_wait_audio (talk->peer, 48000);
  talk_run_to (talk, 130 * MS);
  peer_user_starts (talk->peer, "item_u", 200);
  fields = message_at (talk, "speech-started", 130 * MS);
  fail_unless_equals_string (talk_string (fields, "item-id"), "item_u");
  fail_unless_equals_uint64 (talk_uint64 (fields, "speech-start"), 200 * MS);
  peer_user_stops (talk->peer, "item_u", 800);
  fields = message_at (talk, "speech-stopped", 130 * MS);
  fail_unless_equals_string (talk_string (fields, "item-id"), "item_u");
  fail_unless_equals_uint64 (talk_uint64 (fields, "speech-end"), 800 * MS);

  peer_committed (talk->peer, "item_u");
  peer_user_said (talk->peer, "item_u", "What time is it?");
  fields = message_at (talk, "transcript", 130 * MS);
  fail_unless_equals_string (talk_string (fields, "role"), "user");
  fail_unless_equals_string (talk_string (fields, "item-id"), "item_u");
  fail_unless_equals_string (talk_string (fields, "text"), "What time is it?");
  fail_unless (gst_structure_get_boolean (fields, "final", &final) && final);
  talk_free (talk);
}
GST_END_TEST;

GST_START_TEST (test_response_messages)
{
  Talk *talk = talk_new_playing ();
  const GstStructure *fields;
  gboolean final;

  talk_run_to (talk, 130 * MS);
  answer (talk, 4800);
  fields = message_at (talk, "response-started", 130 * MS);
  fail_unless_equals_string (talk_string (fields, "response-id"), "resp_1");
  fields = message_at (talk, "item-started", 130 * MS);
  fail_unless_equals_string (talk_string (fields, "item-id"), "item_a");
  fields = message_at (talk, "item-done", 130 * MS);
  fail_unless_equals_string (talk_string (fields, "item-id"), "item_a");
  fail_unless_equals_string (talk_string (fields, "phase"), "final_answer");

  fields = message_at (talk, "transcript", 130 * MS);
  fail_unless_equals_string (talk_string (fields, "role"), "assistant");
  fail_unless_equals_string (talk_string (fields, "item-id"), "item_a");
  fail_unless_equals_string (talk_string (fields, "text"), "Yes.");
  fail_unless_equals_string (talk_string (fields, "phase"), "final_answer");
  fail_unless (gst_structure_get_boolean (fields, "final", &final) && final);

  fields = message_at (talk, "response-done", 130 * MS);
  fail_unless_equals_string (talk_string (fields, "response-id"), "resp_1");
  fail_unless_equals_string (talk_string (fields, "status"), "completed");
  fail_unless_equals_uint64 (talk_uint64 (fields, "total-tokens"), 253);
  fail_unless_equals_uint64 (talk_uint64 (fields, "input-tokens"), 132);
  fail_unless_equals_uint64 (talk_uint64 (fields, "output-tokens"), 121);
  fail_unless_equals_uint64 (talk_uint64 (fields, "cached-tokens"), 64);
  talk_free (talk);
}
GST_END_TEST;

/* What was told of the phase turned out to be wrong. */
GST_START_TEST (test_phase_correction)
{
  Talk *talk = talk_new_playing ();
  const GstStructure *fields;

  peer_begin (talk->peer, "resp_1");
  peer_item (talk->peer, &spot_a, NULL);
  peer_speech (talk->peer, &spot_a, &law_pcm, 0, 480);
  peer_item (talk->peer, &spot_b, NULL);
  talk_sync (talk);
  talk_run_to (talk, 100 * MS);
  fail_unless_equals_string (
      talk_string (talk_meta (tap_buffer (talk->src, 1)), "phase"),
      "commentary");
  peer_send (talk->peer,
      "{\"type\":\"response.done\",\"event_id\":\"event_p\",\"response\":{"
      "\"object\":\"realtime.response\",\"id\":\"resp_1\","
      "\"status\":\"completed\",\"status_details\":null,\"usage\":null,"
      "\"output\":[{\"id\":\"item_a\",\"type\":\"message\","
      "\"status\":\"completed\",\"role\":\"assistant\","
      "\"phase\":\"final_answer\",\"content\":[]}]}}");
  fields = message_at (talk, "phase-changed", 100 * MS);
  fail_unless_equals_string (talk_string (fields, "item-id"), "item_a");
  fail_unless_equals_string (talk_string (fields, "phase"), "final_answer");
  talk_free (talk);
}
GST_END_TEST;

/* Errors of the server end nothing. */
GST_START_TEST (test_server_error)
{
  Talk *talk = talk_new_playing ();
  const GstStructure *fields;

  talk_run_to (talk, 130 * MS);
  peer_send (talk->peer,
      "{\"type\":\"error\",\"event_id\":\"e\",\"error\":{\"type\":"
      "\"invalid_request_error\",\"code\":\"unknown_parameter\","
      "\"message\":\"Unknown parameter.\",\"param\":\"session.x\"}}");
  fields = message_at (talk, "server-error", 130 * MS);
  fail_unless_equals_string (talk_string (fields, "code"), "unknown_parameter");
  fail_unless_equals_string (
      talk_string (fields, "message"), "Unknown parameter.");
  answer (talk, 4800);
  talk_run_to (talk, 500 * MS);
  talk_assert_speech (talk, 7 * 480, 0, 4800);
  talk_free (talk);
}
GST_END_TEST;

/* Nobody reads the key on the bus, however short it is and however the server
 * writes it. */
GST_START_TEST (test_quoted_key)
{
  Talk *talk = talk_new ();
  const GstStructure *fields;
  GError *error = NULL;
  gchar *debug = NULL;

  g_object_set (talk->element, "api-key", "sk/short", NULL);
  talk_play (talk, &law_pcm);
  peer_send (talk->peer,
      "{\"type\":\"error\",\"event_id\":\"e\",\"error\":{\"type\":"
      "\"invalid_request_error\",\"code\":\"odd\","
      "\"message\":\"You sent sk\\/short.\",\"param\":\"sk/short\"}}");
  fields = talk_message (talk, "server-error", 0);
  fail_unless_equals_string (talk_string (fields, "message"), "You sent ***.");
  fail_unless_equals_string (talk_string (fields, "param"), "***");
  peer_begin (talk->peer, "R1");
  peer_send (talk->peer,
      "{\"type\":\"response.done\",\"event_id\":\"e\",\"response\":"
      "{\"id\":\"R1\",\"status\":\"failed\",\"status_details\":{\"type\":"
      "\"failed\",\"error\":{\"type\":\"sk/short\",\"code\":\"sk\\/short\","
      "\"message\":\"Not with sk\\/short.\"}},\"output\":[]}}");
  gst_message_parse_warning (
      talk_message_of (talk, GST_MESSAGE_WARNING, 0), &error, &debug);
  fail_unless (strstr (error->message, "Not with ***.") != NULL);
  fail_unless (strstr (debug, "sk/short") == NULL);
  g_clear_error (&error);
  g_free (debug);
  talk_free (talk);
}
GST_END_TEST;

GST_START_TEST (test_rate_limits)
{
  Talk *talk = talk_new_playing ();
  const GstStructure *fields, *entry;
  guint64 limit, remaining;

  talk_run_to (talk, 130 * MS);
  peer_send (talk->peer,
      "{\"type\":\"rate_limits.updated\",\"event_id\":\"e\","
      "\"rate_limits\":[{\"name\":\"tokens\",\"limit\":40000,"
      "\"remaining\":38490,\"reset_seconds\":2.265}]}");
  fields = talk_message (talk, "rate-limits", talk->syncs);
  fail_unless_equals_uint64 (talk_uint64 (fields, "running-time"), 130 * MS);
  entry = gst_value_get_structure (gst_structure_get_value (fields, "tokens"));
  fail_unless (gst_structure_get (entry, "limit", G_TYPE_UINT64, &limit,
      "remaining", G_TYPE_UINT64, &remaining, NULL));
  fail_unless_equals_uint64 (limit, 40000);
  fail_unless_equals_uint64 (remaining, 38490);
  talk_free (talk);
}
GST_END_TEST;

/* --- connecting --- */

static GstProgressType
progress (Talk *talk, guint i)
{
  GstMessage *message = talk_message_of (talk, GST_MESSAGE_PROGRESS, i);
  GstProgressType type;
  gchar *code, *text;

  gst_message_parse_progress (message, &type, &code, &text);
  fail_unless_equals_string (code, "connect");
  fail_unless (text && *text);
  g_free (code);
  g_free (text);
  return type;
}

GST_START_TEST (test_progress)
{
  Talk *talk = talk_new ();

  talk_play (talk, &law_pcm);
  fail_unless_equals_int (progress (talk, 0), GST_PROGRESS_TYPE_START);
  fail_unless_equals_int (progress (talk, 1), GST_PROGRESS_TYPE_COMPLETE);
  fail_unless_equals_int (
      talk_count_messages_of (talk, GST_MESSAGE_PROGRESS), 2);
  talk_free (talk);
}
GST_END_TEST;

/* Nobody is there: an error, and still a stream. */
GST_START_TEST (test_refused)
{
  Talk *talk = talk_new ();
  gchar *url = g_strdup_printf (
      "ws://127.0.0.1:%u/v1/realtime", test_peer_find_closed_port ());
  GError *error;

  g_object_set (talk->element, "uri", url, NULL);
  talk->fails = TRUE;
  talk_play_unconnected (talk, &law_pcm, 0);
  gst_message_parse_error (
      talk_message_of (talk, GST_MESSAGE_ERROR, 0), &error, NULL);
  fail_unless (g_error_matches (
      error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_OPEN_READ_WRITE));
  fail_unless_equals_int (progress (talk, 0), GST_PROGRESS_TYPE_START);
  fail_unless_equals_int (progress (talk, 1), GST_PROGRESS_TYPE_ERROR);
  talk_run_to (talk, 500 * MS);
  talk_assert_stream (talk, 480, 0);
  g_error_free (error);
  g_free (url);
  talk_free (talk);
}
GST_END_TEST;

/* The line breaks in the middle of an answer: what came is played, silence
 * follows, and then there is another session. */
GST_START_TEST (test_connection_lost)
{
  static const Spot next = { "resp_2", 0, "item_n" };
  Talk *talk = talk_new_playing ();

  peer_begin (talk->peer, "resp_1");
  peer_speech (talk->peer, &spot_a, &law_pcm, 0, 4800);
  talk_sync (talk);
  talk_run_to (talk, 100 * MS);
  peer_hold_created (talk->peer, TRUE);
  peer_drop (talk->peer);
  message_at (talk, "session-lost", 100 * MS);
  talk_run_to (talk, 500 * MS);
  talk_assert_speech (talk, 480, 0, 4800);
  talk_assert_silence (talk, 11 * 480, 15 * 480);

  peer_hold_created (talk->peer, FALSE);
  message_at (talk, "session-restored", 500 * MS);
  talk_message (talk, "session-updated", 1);
  peer_begin (talk->peer, "resp_2");
  peer_speech (talk->peer, &next, &law_pcm, 10000, 4800);
  peer_end (talk->peer, "resp_2", "completed");
  talk_sync (talk);
  talk_run_to (talk, 1 * GST_SECOND);
  talk_assert_speech (talk, 26 * 480, 10000, 4800);
  talk_assert_stream (talk, 480, 0);
  talk_free (talk);
}
GST_END_TEST;

static Suite *
properties_suite (void)
{
  Suite *suite = suite_create ("properties");
  TCase *values = tcase_create ("values");
  TCase *watching = tcase_create ("watching");
  TCase *messages = tcase_create ("messages");

  suite_add_tcase (suite, values);
  tcase_add_test (values, test_each_by_itself);
  tcase_add_test (values, test_round_trip);
  tcase_add_test (values, test_defaults);
  tcase_add_loop_test (
      values, test_documented_default, 0, G_N_ELEMENTS (documented));
  tcase_add_test (values, test_key_is_secret);
  tcase_add_test (values, test_changes_are_coalesced);

  suite_add_tcase (suite, watching);
  tcase_add_test (watching, test_state);
  tcase_add_test (watching, test_stats);
  tcase_add_test (watching, test_stats_are_kept);

  suite_add_tcase (suite, messages);
  tcase_add_test (messages, test_session_messages);
  tcase_add_test (messages, test_user_messages);
  tcase_add_test (messages, test_response_messages);
  tcase_add_test (messages, test_phase_correction);
  tcase_add_test (messages, test_server_error);
  tcase_add_test (messages, test_quoted_key);
  tcase_add_test (messages, test_rate_limits);
  tcase_add_test (messages, test_progress);
  tcase_add_test (messages, test_refused);
  tcase_add_test (messages, test_connection_lost);
  return suite;
}

GST_CHECK_MAIN (properties);
