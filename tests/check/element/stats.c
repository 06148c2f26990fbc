/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * `stats`: each of its fields is documented, and says exactly what happened.
 */
#include "harness.h"

#include <string.h>

#define SPEECH_END (450 * MS)
#define OVER (1200 * MS)
/* Of the first audible sample of law_fill(). */
#define AUDIBLE_TIME (103 * GST_SECOND / 24000)

static const Spot spot_a = { "resp_1", 0, "item_a" };
static const Spot spot_b = { "resp_1", 1, "item_b" };

static GstStructure *
get_stats (Talk *talk)
{
  GstStructure *stats;

  g_object_get (talk->element, "stats", &stats, NULL);
  fail_unless (stats != NULL);
  return stats;
}

static guint64
number_of (const GValue *value)
{
  return G_VALUE_HOLDS_UINT (value) ? g_value_get_uint (value)
                                    : g_value_get_uint64 (value);
}

/* --- documents --- */

/* What the table below the line that begins with @title documents: a line for
 * each field and its type, as "`name` type". */
static GPtrArray *
read_table (const gchar *title)
{
  GPtrArray *fields = g_ptr_array_new_with_free_func (g_free);
  gchar *text, *table;
  gchar **lines;

  fail_unless (g_file_get_contents (REALTIME2_README, &text, NULL, NULL));
  table = strstr (text, title);
  fail_unless (table != NULL, "the README has no table \"%s\"", title);
  lines = g_strsplit (table, "\n", -1);
  for (guint i = 2; lines[i] && lines[i][0] == '|'; i++) {
    gchar **cells = g_strsplit (lines[i], "|", -1);
    gchar **names = g_strsplit (cells[1], ",", -1);
    gchar **types = g_strsplit (cells[2], ",", -1);

    fail_unless (strlen (g_strstrip (cells[3])) > 0);
    for (guint k = 0; names[k]; k++)
      g_ptr_array_add (fields,
          g_strdup_printf ("%s %s", g_strstrip (names[k]),
              g_strstrip (types[types[1] ? k : 0])));
    g_strfreev (types);
    g_strfreev (names);
    g_strfreev (cells);
  }
  g_strfreev (lines);
  g_free (text);
  return fields;
}

static gboolean
has_field (const GPtrArray *table, const gchar *field)
{
  return g_ptr_array_find_with_equal_func (
      (GPtrArray *) table, field, g_str_equal, NULL);
}

/* @name of @fields is in @table, and its type. */
static void
assert_documented (
    const GstStructure *fields, const gchar *name, const GPtrArray *table)
{
  GType type = gst_structure_get_field_type (fields, name);
  gchar *field = g_strdup_printf ("`%s` %s", name,
      type == G_TYPE_UINT         ? "uint"
          : type == G_TYPE_DOUBLE ? "double"
          : type == G_TYPE_STRING ? "string"
                                  : "uint64");

  fail_unless (type == G_TYPE_UINT || type == G_TYPE_UINT64
      || type == G_TYPE_DOUBLE || type == G_TYPE_STRING);
  fail_unless (has_field (table, field), "%s is not documented", field);
  g_free (field);
}

/* All that there is is in the table, by name and type, and the reverse. */
GST_START_TEST (test_documented)
{
  Talk *talk = talk_new_playing ();
  GstStructure *stats = get_stats (talk);
  GPtrArray *table = read_table ("| field of `stats` |");

  for (gint i = 0; i < gst_structure_n_fields (stats); i++)
    assert_documented (stats, gst_structure_nth_field_name (stats, i), table);
  fail_unless_equals_int (table->len, gst_structure_n_fields (stats));
  g_ptr_array_unref (table);
  gst_structure_free (stats);
  talk_free (talk);
}
GST_END_TEST;

/* --- a conversation --- */

static void
send_odd_events (Talk *talk)
{
  peer_send (talk->peer,
      "{\"type\":\"error\",\"event_id\":\"e\",\"error\":{\"type\":"
      "\"server_error\",\"code\":\"odd\",\"message\":\"Odd.\"}}");
  peer_send (talk->peer, "{\"type\":\"session.odd\"}");
  peer_send (talk->peer, "{\"type\":");
  peer_send (talk->peer,
      "{\"type\":\"conversation.item.input_audio_transcription.completed\","
      "\"item_id\":\"item_u\",\"transcript\":\"Hey\",\"usage\":{\"type\":"
      "\"tokens\",\"total_tokens\":22}}");
  peer_send (talk->peer,
      "{\"type\":\"conversation.item.input_audio_transcription.completed\","
      "\"item_id\":\"item_w\",\"transcript\":\"you\",\"usage\":{\"type\":"
      "\"duration\",\"seconds\":3}}");
}

/* Commentary, and an answer that dries up for a period and is then cut off:
 * 960 samples from 1520 ms, 480 from 1560 ms, 2880 from 1600 ms, and the fade.
 * Returns how many events the peer has sent. */
static guint
converse (Talk *talk)
{
  talk_speak (talk, &law_pcm, 24000);
  peer_wait_audio (talk->peer, 48000);
  talk_run_to (talk, OVER);
  peer_user_starts (talk->peer, "item_u", 0);
  peer_user_stops (talk->peer, "item_u", 950);
  talk_sync (talk);
  talk_run_to (talk, 1500 * MS);
  peer_begin (talk->peer, "resp_1");
  peer_item (talk->peer, &spot_a, "commentary");
  peer_speech (talk->peer, &spot_a, &law_pcm, 0, 960);
  peer_audio_done (talk->peer, &spot_a);
  peer_item (talk->peer, &spot_b, "final_answer");
  peer_speech (talk->peer, &spot_b, &law_pcm, 0, 480);
  talk_sync (talk);
  talk_run_to (talk, 1580 * MS);
  peer_speech (talk->peer, &spot_b, &law_pcm, 480, 24000);
  peer_end (talk->peer, "resp_1", "completed");
  talk_sync (talk);
  talk_run_to (talk, 1700 * MS);
  peer_user_starts (talk->peer, "item_v", 960);
  send_odd_events (talk);
  talk_sync (talk);
  talk_run_to (talk, 1800 * MS);
  return 2 + 6 + 2 + 1 + 5;
}

typedef struct {
  const gchar *name;
  guint64 value;
  gboolean or_more;
} Expected;

#define SUMMARY(name, value)                                                   \
  { name "-count", 1 }, { name "-last", value }, { name "-p50", value },       \
      { name "-p95", value },                                                  \
  {                                                                            \
    name "-max", value                                                         \
  }

static const Expected expected[] = {
  { "responses", 1 },
  { "interruptions", 1 },
  { "truncations", 1 },
  { "deletions", 0 },
  { "server-errors", 1 },
  { "reconnects", 0 },
  { "moves", 0 },
  { "conversation-dropped", 0 },
  { "unknown-events", 1 },
  { "bad-events", 1 },
  { "input-tokens", 132 },
  { "output-tokens", 121 },
  { "total-tokens", 253 },
  { "cost-unknown", 2 },
  { "transcription-tokens", 22 },
  { "transcription-time", 3 * GST_SECOND },
  { "dismissals", 0 },
  { "function-calls", 0 },
  { "function-timeouts", 0 },
  { "images", 0 },
  { "input-sent-time", 1 * GST_SECOND },
  { "input-queued-time", 0 },
  { "input-dropped-time", 0 },
  { "input-muted-time", 0 },
  { "last-response-latency", 1, TRUE },
  { "bytes-sent", 64000, TRUE },
  { "bytes-received", 67840, TRUE },
  { "output-buffers", 91 },
  { "output-silent-buffers", 81 },
  { "output-fills", 0 },
  { "output-filled-time", 0 },
  { "resyncs", 0 },
  { "resync-time", 0 },
  { "speech-queued-time", 0 },
  { "speech-played-time", 4512 * GST_SECOND / 24000 },
  { "speech-dropped-time", 20928 * GST_SECOND / 24000 },
  { "underruns", 1 },
  { "underrun-time", 20 * MS },
  { "slips", 1 },
  { "slip-time", 20 * MS },
  SUMMARY ("latency", 1740 * MS + AUDIBLE_TIME - SPEECH_END),
  SUMMARY ("latency-turn", OVER - SPEECH_END),
  SUMMARY ("latency-server", 300 * MS),
  SUMMARY ("latency-output", 240 * MS + AUDIBLE_TIME),
  SUMMARY ("commentary-latency", 1740 * MS + AUDIBLE_TIME - SPEECH_END),
  SUMMARY ("final-answer-latency", 1780 * MS + AUDIBLE_TIME - SPEECH_END),
};

static void
assert_field (const GstStructure *stats, const Expected *field)
{
  const GValue *value = gst_structure_get_value (stats, field->name);

  fail_unless (value != NULL, "there is no %s", field->name);
  fail_unless (number_of (value) == field->value
          || (field->or_more && number_of (value) > field->value),
      "%s is %" G_GUINT64_FORMAT " instead of %" G_GUINT64_FORMAT, field->name,
      number_of (value), field->value);
}

static void
assert_stats (const GstStructure *stats)
{
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++)
    assert_field (stats, &expected[i]);
}

/* USD; nobody has a price for a model that is not there. */
static const struct {
  const gchar *name;
  gdouble value;
} costs[] = {
  { "cost", 0.0072056 },
  { "cost-responses", 0.0072056 },
  { "cost-transcription", 0 },
  { "cost-translation", 0 },
};

static void
assert_costs (const GstStructure *stats, gdouble factor)
{
  gdouble value;

  for (guint i = 0; i < G_N_ELEMENTS (costs); i++) {
    fail_unless (gst_structure_get_double (stats, costs[i].name, &value));
    fail_unless (
        value == costs[i].value * factor, "%s is %.9f", costs[i].name, value);
  }
}

static Talk *
new_talk (void)
{
  Talk *talk = talk_new_playing ();

  gst_harness_push_upstream_event (
      talk->harness, gst_event_new_latency (220 * MS));
  return talk;
}

/* The session publishes its counts when it is done with a message: after it has
 * told of it. */
static void
wait_received (Talk *talk, guint64 n)
{
  gint64 deadline = g_get_monotonic_time () + 30 * G_USEC_PER_SEC;
  guint64 received = 0;

  while (received < n && g_get_monotonic_time () < deadline) {
    GstStructure *stats = get_stats (talk);

    received = talk_uint64 (stats, "messages-received");
    gst_structure_free (stats);
    g_thread_yield ();
  }
  fail_unless_equals_uint64 (received, n);
}

GST_START_TEST (test_conversation)
{
  Talk *talk = new_talk ();
  guint said = converse (talk);
  GstStructure *stats;
  guint updates;

  talk_sync_up (talk);
  updates = peer_count (talk->peer, "session.update");
  wait_received (talk, 1 + updates + said + talk->syncs);
  stats = get_stats (talk);
  assert_stats (stats);
  fail_unless_equals_uint64 (talk_uint64 (stats, "messages-sent"),
      peer_place (talk->peer, "session.update", updates - 1) + 1);
  assert_costs (stats, 1);
  /* Those, the messages, and where it is: none is left out here. */
  fail_unless_equals_int (gst_structure_n_fields (stats),
      G_N_ELEMENTS (expected) + G_N_ELEMENTS (costs) + 3);
  gst_structure_free (stats);
  talk_free (talk);
}
GST_END_TEST;

/* Kept after the end; a new run begins with nothing. */
GST_START_TEST (test_kept)
{
  Talk *talk = new_talk ();
  GstStructure *stats;

  converse (talk);
  gst_element_set_state (talk->element, GST_STATE_NULL);
  stats = get_stats (talk);
  assert_stats (stats);
  assert_costs (stats, 1);
  gst_structure_free (stats);
  gst_element_set_state (talk->element, GST_STATE_PAUSED);
  stats = get_stats (talk);
  assert_costs (stats, 0);
  for (guint i = 0; i < G_N_ELEMENTS (expected); i++) {
    const gchar *name = expected[i].name;

    if (g_str_has_prefix (name, "bytes-"))
      continue;
    fail_unless_equals_uint64 (
        number_of (gst_structure_get_value (stats, name)), 0);
  }
  gst_structure_free (stats);
  talk_free (talk);
}
GST_END_TEST;

/* The figures of a response, too, are all in their table. */
GST_START_TEST (test_message_documented)
{
  static const gchar *const own[] = { "response-id", "status", "running-time",
    NULL };
  GPtrArray *table = read_table ("| field | type | meaning |\n"
                                 "|---|---|---|\n| `latency` |");
  Talk *talk = new_talk ();
  const GstStructure *fields;
  guint n = 0;

  converse (talk);
  fields = talk_message (talk, "response-heard", 0);
  for (gint i = 0; i < gst_structure_n_fields (fields); i++) {
    const gchar *name = gst_structure_nth_field_name (fields, i);

    if (g_strv_contains (own, name))
      continue;
    assert_documented (fields, name, table);
    n++;
  }
  fail_unless_equals_int (table->len, n);
  g_ptr_array_unref (table);
  talk_free (talk);
}
GST_END_TEST;

static Suite *
stats_suite (void)
{
  Suite *suite = suite_create ("stats");
  TCase *documents = tcase_create ("documents");
  TCase *figures = tcase_create ("figures");

  suite_add_tcase (suite, documents);
  tcase_add_test (documents, test_documented);
  tcase_add_test (documents, test_message_documented);

  suite_add_tcase (suite, figures);
  tcase_add_test (figures, test_conversation);
  tcase_add_test (figures, test_kept);
  return suite;
}

GST_CHECK_MAIN (stats);
