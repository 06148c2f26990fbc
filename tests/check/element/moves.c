/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where the conversation goes when properties of the connection change in
 * PLAYING, which key goes with it, and what the bus is told if it does not go.
 */
#include <string.h>

#include "harness.h"

/* Longer than changes are waited for. */
#define WHILE (400 * G_TIME_SPAN_MILLISECOND)

typedef struct {
  Talk *talk;
  Peer *other;
  gchar *here, *there; /* their URIs */
} Fixture;

static void
set_up (Fixture *fixture, const gchar *api_key)
{
  fixture->talk = talk_new ();
  fixture->other = peer_new ();
  fixture->here = peer_dup_url (fixture->talk->peer);
  fixture->there = peer_dup_url (fixture->other);
  g_object_set (fixture->talk->element, "api-key", api_key, NULL);
  g_unsetenv ("OPENAI_API_KEY");
}

static void
tear_down (Fixture *fixture)
{
  talk_free (fixture->talk);
  peer_free (fixture->other);
  g_free (fixture->here);
  g_free (fixture->there);
}

static gboolean
has_key (Peer *peer, guint request, const gchar *key)
{
  gchar *header = peer_dup_header (peer, request, "Authorization");
  gboolean has = key ? header && g_str_has_suffix (header, key) : !header;

  g_free (header);
  return has;
}

/* `stats` says that the session is at @uri, but for its query. */
static void
assert_place (Fixture *fixture, const gchar *uri)
{
  GstStructure *stats;
  const gchar *said;

  g_object_get (fixture->talk->element, "stats", &stats, NULL);
  said = talk_string (stats, "uri");
  fail_unless (said && g_str_has_prefix (uri, said));
  fail_unless (strchr (said, '?') == NULL);
  gst_structure_free (stats);
}

/* Message number @i says that @properties had no effect, and where we are. */
static void
assert_stays (Fixture *fixture, guint i, const gchar *properties)
{
  const GstStructure *fields = talk_message (fixture->talk, "move-failed", i);

  fail_unless_equals_string (talk_string (fields, "properties"), properties);
  fail_unless (g_str_has_prefix (fixture->here, talk_string (fields, "uri")));
  fail_unless (talk_string (fields, "message") != NULL);
  assert_place (fixture, fixture->here);
}

/* Warning number @i names @property. */
static void
assert_warns (Fixture *fixture, guint i, const gchar *property)
{
  GError *error;

  gst_message_parse_warning (
      talk_message_of (fixture->talk, GST_MESSAGE_WARNING, i), &error, NULL);
  fail_unless (strstr (error->message, property) != NULL);
  fail_unless (strstr (error->message, "sk-") == NULL);
  g_error_free (error);
}

static void
assert_quiet (Fixture *fixture)
{
  fail_unless_equals_int (
      talk_count_messages_of (fixture->talk, GST_MESSAGE_WARNING), 0);
  fail_unless_equals_int (
      talk_count_messages (fixture->talk, "move-failed"), 0);
}

static void
assert_moved (Fixture *fixture, const gchar *reason)
{
  const GstStructure *fields = talk_message (fixture->talk, "session-moved", 0);

  fail_unless_equals_string (talk_string (fields, "reason"), reason);
  fail_unless (g_str_has_prefix (fixture->there, talk_string (fields, "to")));
  assert_place (fixture, fixture->there);
}

/* A key goes nowhere but where it was set for, however late the next comes. */
GST_START_TEST (test_key_later)
{
  Fixture f;

  set_up (&f, "sk-here");
  talk_play (f.talk, &law_pcm);
  assert_place (&f, f.here);
  g_object_set (f.talk->element, "uri", f.there, NULL);
  assert_stays (&f, 0, "uri");
  assert_warns (&f, 0, "api-key");
  g_usleep (WHILE);
  fail_unless_equals_int (peer_count_requests (f.other), 0);

  /* A loss changes nothing. */
  peer_drop (f.talk->peer);
  talk_message (f.talk, "session-restored", 0);
  fail_unless (has_key (f.talk->peer, 1, "sk-here"));
  fail_unless_equals_int (peer_count_requests (f.other), 0);

  g_object_set (f.talk->element, "api-key", "sk-there", NULL);
  assert_moved (&f, "key");
  fail_unless_equals_int (peer_count_requests (f.other), 1);
  fail_unless (has_key (f.other, 0, "sk-there"));
  fail_unless_equals_int (peer_count_requests (f.talk->peer), 2);
  tear_down (&f);
}
GST_END_TEST;

/* In one call the order says nothing; the server in use never sees the key. */
static const struct {
  gboolean key_first, key_same;
} together[] = { { FALSE, FALSE }, { TRUE, FALSE }, { FALSE, TRUE },
  { TRUE, TRUE } };

GST_START_TEST (test_together)
{
  const gchar *key = together[__i__].key_same ? "sk-here" : "sk-there";
  Fixture f;

  set_up (&f, "sk-here");
  talk_play (f.talk, &law_pcm);
  peer_hold_created (f.other, TRUE);
  if (together[__i__].key_first)
    g_object_set (f.talk->element, "api-key", key, "uri", f.there, NULL);
  else
    g_object_set (f.talk->element, "uri", f.there, "api-key", key, NULL);
  peer_drop (f.talk->peer);
  talk_message (f.talk, "session-restored", 0);
  fail_unless (has_key (f.talk->peer, 1, "sk-here"));
  peer_hold_created (f.other, FALSE);
  assert_moved (&f, "settings");
  for (guint i = 0; i < peer_count_requests (f.other); i++)
    fail_unless (has_key (f.other, i, key));
  for (guint i = 0; i < peer_count_requests (f.talk->peer); i++)
    fail_unless (has_key (f.talk->peer, i, "sk-here"));
  assert_quiet (&f);
  tear_down (&f);
}
GST_END_TEST;

/* What other threads do amid a g_object_set(), which a frozen queue draws out:
 * notify of something else, and connect again. */
GST_START_TEST (test_amid)
{
  GObject *element;
  GObjectClass *klass;
  GParamSpec *state;
  Fixture f;

  set_up (&f, "sk-here");
  talk_play (f.talk, &law_pcm);
  element = G_OBJECT (f.talk->element);
  klass = G_OBJECT_GET_CLASS (element);
  state = g_object_class_find_property (klass, "state");
  g_object_freeze_notify (element);
  g_object_set (element, "api-key", "sk-there", NULL);
  klass->dispatch_properties_changed (element, 1, &state);
  peer_drop (f.talk->peer);
  talk_message (f.talk, "session-restored", 0);
  g_object_set (element, "uri", f.there, NULL);
  g_object_thaw_notify (element);
  assert_moved (&f, "settings");
  fail_unless_equals_int (peer_count_requests (f.talk->peer), 2);
  for (guint i = 0; i < 2; i++)
    fail_unless (has_key (f.talk->peer, i, "sk-here"));
  fail_unless (has_key (f.other, 0, "sk-there"));
  assert_quiet (&f);
  tear_down (&f);
}
GST_END_TEST;

/* Another path of the same host is not another server; nor is it one that was
 * named before PLAYING. */
GST_START_TEST (test_same_host)
{
  Fixture f;
  gchar *path;

  set_up (&f, "sk-here");
  path = g_strdup_printf (
      "%.*s/other", (gint) (strstr (f.here + 5, "/") - f.here), f.here);
  talk_play (f.talk, &law_pcm);
  g_object_set (f.talk->element, "uri", path, NULL);
  talk_message (f.talk, "session-moved", 0);
  fail_unless (has_key (f.talk->peer, 1, "sk-here"));
  assert_place (&f, path);
  assert_quiet (&f);
  g_free (path);
  tear_down (&f);
}
GST_END_TEST;

/* Back before anything came of it: as if it had not been. */
GST_START_TEST (test_back)
{
  Fixture f;

  set_up (&f, "sk-here");
  talk_play (f.talk, &law_pcm);
  g_object_set (f.talk->element, "uri", f.there, NULL);
  assert_stays (&f, 0, "uri");
  g_object_set (f.talk->element, "uri", f.here, NULL);
  g_usleep (WHILE);
  fail_unless_equals_int (peer_count_requests (f.talk->peer), 1);
  fail_unless_equals_int (peer_count_requests (f.other), 0);
  fail_unless_equals_int (talk_count_messages (f.talk, "move-failed"), 1);
  tear_down (&f);
}
GST_END_TEST;

/* Nothing secret was set: nothing is to be set again. A key that is taken away
 * needs none either. */
GST_START_TEST (test_no_key)
{
  Fixture f;

  set_up (&f, __i__ ? "sk-here" : NULL);
  talk_play (f.talk, &law_pcm);
  if (__i__)
    g_object_set (f.talk->element, "uri", f.there, "api-key", NULL, NULL);
  else
    g_object_set (f.talk->element, "uri", f.there, NULL);
  assert_moved (&f, "settings");
  fail_unless (has_key (f.other, 0, NULL));
  assert_quiet (&f);
  tear_down (&f);
}
GST_END_TEST;

/* Headers may hold a key as well. */
GST_START_TEST (test_headers)
{
  GstStructure *headers = gst_structure_new (
      "headers", "X-Key", G_TYPE_STRING, "sk-header", NULL);
  gchar *header;
  Fixture f;

  set_up (&f, NULL);
  g_object_set (f.talk->element, "extra-headers", headers, NULL);
  talk_play (f.talk, &law_pcm);
  g_object_set (f.talk->element, "uri", f.there, NULL);
  assert_stays (&f, 0, "uri");
  assert_warns (&f, 0, "extra-headers");
  g_usleep (WHILE);
  fail_unless_equals_int (peer_count_requests (f.other), 0);
  g_object_set (f.talk->element, "extra-headers", headers, NULL);
  assert_moved (&f, "settings");
  header = peer_dup_header (f.other, 0, "X-Key");
  fail_unless_equals_string (header, "sk-header");
  g_free (header);
  gst_structure_free (headers);
  tear_down (&f);
}
GST_END_TEST;

/* What was set for one run is for the server that the next one names. */
GST_START_TEST (test_next_run)
{
  Fixture f;

  set_up (&f, "sk-here");
  talk_play (f.talk, &law_pcm);
  g_object_set (f.talk->element, "uri", f.there, NULL);
  assert_stays (&f, 0, "uri");
  gst_element_set_state (f.talk->element, GST_STATE_READY);
  gst_element_set_state (f.talk->element, GST_STATE_PLAYING);
  talk_message (f.talk, "session-updated", 1);
  assert_place (&f, f.there);
  fail_unless (has_key (f.other, 0, "sk-here"));
  tear_down (&f);
}
GST_END_TEST;

/* What can't be, and what the server refuses. */
GST_START_TEST (test_refused)
{
  Fixture f;

  set_up (&f, "sk-here");
  talk_play (f.talk, &law_pcm);
  g_object_set (
      f.talk->element, "uri", "not a uri", "api-key", "sk-there", NULL);
  assert_stays (&f, 0, "uri, api-key");
  assert_warns (&f, 0, "uri");
  peer_refuse (f.other, 401);
  g_object_set (f.talk->element, "uri", f.there, "api-key", "sk-there", NULL);
  assert_stays (&f, 1, "uri, api-key");
  assert_warns (&f, 1, "uri");
  fail_unless_equals_int (peer_count_requests (f.talk->peer), 1);
  tear_down (&f);
}
GST_END_TEST;

/* Nothing leads to the server in use any more, and it goes on at the next. */
GST_START_TEST (test_lost)
{
  const GstStructure *fields;
  Fixture f;

  set_up (&f, NULL);
  talk_play (f.talk, &law_pcm);
  peer_hold_created (f.other, TRUE);
  g_object_set (f.talk->element, "uri", f.there, "retries", -1, NULL);
  peer_refuse (f.talk->peer, 503);
  peer_drop (f.talk->peer);
  talk_message (f.talk, "session-lost", 1);
  peer_hold_created (f.other, FALSE);
  fields = talk_message (f.talk, "session-restored", 0);
  fail_unless (g_str_has_prefix (f.there, talk_string (fields, "uri")));
  assert_moved (&f, "settings");
  fail_unless_equals_int (talk_count_messages (f.talk, "session-moved"), 1);
  tear_down (&f);
}
GST_END_TEST;

/* The next session is refused: that is told once, for it is tried again. */
GST_START_TEST (test_refused_in_background)
{
  const GstStructure *fields, *details;
  GstMessage *message;
  GError *error;
  guint status;
  Fixture f;

  set_up (&f, "sk-here");
  g_object_set (f.talk->element, "retry-backoff-max", GST_MSECOND, NULL);
  talk_play (f.talk, &law_pcm);
  peer_refuse (f.talk->peer, __i__ ? 503 : 401);
  g_object_set (f.talk->element, "session-max-age", 2 * GST_SECOND, NULL);
  fields = talk_message (f.talk, "move-failed", 0);
  fail_unless_equals_string (talk_string (fields, "reason"), "age");
  fail_if (gst_structure_has_field (fields, "properties"));
  while (peer_count_requests (f.talk->peer) < 5)
    g_usleep (10000);
  peer_refuse (f.talk->peer, 0);
  talk_message (f.talk, "session-moved", 0);
  fail_unless_equals_int (talk_count_messages (f.talk, "move-failed"), 1);
  fail_unless_equals_int (
      talk_count_messages_of (f.talk, GST_MESSAGE_WARNING), __i__ ? 0 : 1);
  if (__i__ == 0) {
    message = talk_message_of (f.talk, GST_MESSAGE_WARNING, 0);
    gst_message_parse_warning (message, &error, NULL);
    fail_unless (g_error_matches (
        error, GST_RESOURCE_ERROR, GST_RESOURCE_ERROR_NOT_AUTHORIZED));
    gst_message_parse_warning_details (message, &details);
    fail_unless (gst_structure_get_uint (details, "http-status-code", &status));
    fail_unless_equals_int (status, 401);
    g_error_free (error);
  }
  tear_down (&f);
}
GST_END_TEST;

/* A talk of two items, of which one is told, and a move. The server in use is
 * asked for a summary. */
static gchar *
ask_summary (Fixture *fixture)
{
  JsonObject *create, *metadata;

  for (guint i = 0; i < 2; i++)
    peer_send (fixture->talk->peer,
        "{\"type\":\"conversation.item.done\",\"item\":{\"id\":\"item_%u\","
        "\"type\":\"message\",\"role\":\"user\",\"content\":[{\"type\":"
        "\"input_text\",\"text\":\"Well.\"}]}}",
        i);
  talk_sync (fixture->talk);
  g_object_set (fixture->talk->element, "uri", fixture->there, NULL);
  create = peer_event (fixture->talk->peer, "response.create", 0);
  metadata = json_object_get_object_member (
      json_object_get_object_member (create, "response"), "metadata");
  return g_strdup (json_object_get_string_member (metadata, "client_event_id"));
}

/* It is of no use: that is no WARNING, but said when it matters. */
GST_START_TEST (test_summary)
{
  static const gchar *const outcomes[] = { "failed", "cancelled", "completed" };
  const GstStructure *fields;
  guint left_out;
  gboolean summary;
  gchar *mark;
  Fixture f;

  set_up (&f, NULL);
  g_object_set (f.talk->element, "history-limit", 1, NULL);
  talk_play (f.talk, &law_pcm);
  mark = ask_summary (&f);
  peer_send (f.talk->peer,
      "{\"type\":\"response.created\",\"response\":{\"id\":\"resp_s\","
      "\"status\":\"in_progress\",\"output\":[],\"metadata\":{"
      "\"client_event_id\":\"%s\"}}}",
      mark);
  peer_send (f.talk->peer,
      "{\"type\":\"response.done\",\"response\":{\"id\":\"resp_s\","
      "\"status\":\"%s\",\"output\":[%s]}}",
      outcomes[__i__],
      __i__ < 2 ? ""
                : "{\"id\":\"item_s\",\"type\":\"message\",\"role\":"
                  "\"assistant\",\"content\":[{\"type\":\"output_text\","
                  "\"text\":\"It is well.\"}]}");
  assert_moved (&f, "settings");
  fields = talk_message (f.talk, "session-moved", 0);
  fail_unless (gst_structure_get_uint (fields, "left-out", &left_out));
  fail_unless (gst_structure_get_boolean (fields, "summary", &summary));
  fail_unless_equals_int (left_out, 1);
  fail_unless_equals_int (summary, __i__ == 2);
  fail_unless_equals_int (talk_count_messages (f.talk, "response-done"), 1);
  fail_unless_equals_int (talk_count_messages (f.talk, "server-error"), 0);
  assert_quiet (&f);
  g_free (mark);
  tear_down (&f);
}
GST_END_TEST;

static void
on_notify (GObject *object, GParamSpec *pspec, GString *names)
{
  g_string_append_printf (names, "%s ", pspec->name);
}

/* How the end of a g_object_set() is found is nobody's business. */
GST_START_TEST (test_notify)
{
  GString *names = g_string_new (NULL);
  Fixture f;

  set_up (&f, NULL);
  g_signal_connect (f.talk->element, "notify", G_CALLBACK (on_notify), names);
  g_object_set (f.talk->element, "api-key", "sk-a", NULL);
  g_object_set (
      f.talk->element, "api-key", "sk-b", "uri", f.there, "speed", 1.1, NULL);
  fail_unless (strstr (names->str, "uri ") != NULL);
  fail_unless (strstr (names->str, "speed ") != NULL);
  fail_unless_equals_int (names->len, strlen ("uri speed "));
  g_signal_handlers_disconnect_by_data (f.talk->element, names);
  g_string_free (names, TRUE);
  tear_down (&f);
}
GST_END_TEST;

static Suite *
moves_suite (void)
{
  Suite *suite = suite_create ("moves");
  TCase *secrets = tcase_create ("secrets");
  TCase *places = tcase_create ("places");

  suite_add_tcase (suite, secrets);
  tcase_add_test (secrets, test_key_later);
  tcase_add_loop_test (secrets, test_together, 0, G_N_ELEMENTS (together));
  tcase_add_test (secrets, test_amid);
  tcase_add_test (secrets, test_same_host);
  tcase_add_test (secrets, test_back);
  tcase_add_loop_test (secrets, test_no_key, 0, 2);
  tcase_add_test (secrets, test_headers);
  tcase_add_test (secrets, test_next_run);
  suite_add_tcase (suite, places);
  tcase_add_test (places, test_refused);
  tcase_add_test (places, test_lost);
  tcase_add_loop_test (places, test_refused_in_background, 0, 2);
  tcase_add_loop_test (places, test_summary, 0, 3);
  tcase_add_test (places, test_notify);
  return suite;
}

GST_CHECK_MAIN (moves);
