/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Server events: what the wire is documented to carry, what the real service
 * sent, and what a careless or hostile server may send.
 */
#include "rt2protocol.h"

#include <string.h>
#include "eventdump.h"

static Rt2Event *
parse (const gchar *text, GError **error)
{
  g_autofree gchar *copy = exact_copy (text, strlen (text));

  return rt2_event_parse (copy, strlen (text), error);
}

static Rt2Event *
parse_good (const gchar *text)
{
  g_autoptr (GError) error = NULL;
  Rt2Event *event = parse (text, &error);

  if (!event)
    g_error ("%s: %s", text, error->message);
  return event;
}

static void
assert_dump (const gchar *text, const gchar *expected)
{
  g_autoptr (Rt2Event) event = parse_good (text);
  g_autofree gchar *dump = event_dump (event);

  g_assert_cmpstr (dump, ==, expected);
}

static void
assert_refused (const gchar *text, Rt2ProtocolError code)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Rt2Event) event = parse (text, &error);

  if (event || !g_error_matches (error, RT2_PROTOCOL_ERROR, code))
    g_error ("%s: %s", text, error ? error->message : "taken");
  g_assert_true (g_utf8_validate (error->message, -1, NULL));
}

/* --- the documented and the real wire --- */

static void
compare_file (const gchar *events_name, const gchar *expected_name)
{
  g_auto (GStrv) events = data_lines (events_name);
  g_auto (GStrv) expected = data_lines (expected_name);

  g_assert_cmpuint (g_strv_length (events), ==, g_strv_length (expected));
  for (guint i = 0; events[i]; i++)
    assert_dump (events[i], expected[i]);
}

static void
test_documented (void)
{
  compare_file ("server-events.jsonl", "server-events.expected");
}

static void
test_captured (void)
{
  compare_file ("real-capture.jsonl", "real-capture.expected");
}

/* The data holds every event that the library knows, and each name leads back
 * to its type. */
static void
test_all_types (void)
{
  g_auto (GStrv) lines = data_lines ("server-events.jsonl");
  gboolean seen[RT2_N_EVENTS] = { FALSE };

  for (guint i = 0; lines[i]; i++) {
    g_autoptr (Rt2Event) event = parse_good (lines[i]);

    seen[event->type] = TRUE;
  }
  g_assert_false (seen[RT2_EVENT_UNKNOWN]);
  for (guint type = RT2_EVENT_UNKNOWN + 1; type < RT2_N_EVENTS; type++) {
    g_assert_true (seen[type]);
    g_assert_nonnull (rt2_event_type_name (type));
  }
}

static void
test_type_names (void)
{
  g_assert_cmpstr (
      rt2_event_type_name (RT2_EVENT_RESPONSE_CREATED), ==, "response.created");
  g_assert_cmpstr (rt2_event_type_name (RT2_EVENT_ITEM_ADDED), ==,
      "conversation.item.added");
  g_assert_cmpstr (rt2_event_type_name (RT2_EVENT_TRANSLATION_INPUT_DELTA), ==,
      "session.input_transcript.delta");
  g_assert_null (rt2_event_type_name (RT2_EVENT_UNKNOWN));
  g_assert_null (rt2_event_type_name (RT2_N_EVENTS));
}

static void
test_status_names (void)
{
  g_assert_cmpstr (rt2_status_name (RT2_STATUS_IN_PROGRESS), ==, "in_progress");
  g_assert_cmpstr (rt2_status_name (RT2_STATUS_COMPLETED), ==, "completed");
  g_assert_cmpstr (rt2_status_name (RT2_STATUS_CANCELLED), ==, "cancelled");
  g_assert_cmpstr (rt2_status_name (RT2_STATUS_INCOMPLETE), ==, "incomplete");
  g_assert_cmpstr (rt2_status_name (RT2_STATUS_FAILED), ==, "failed");
  g_assert_null (rt2_status_name (RT2_STATUS_UNKNOWN));
}

/* --- unknown and malformed messages --- */

static void
test_unknown (void)
{
  assert_dump ("{\"type\":\"response.sparkle\",\"event_id\":\"event_1\","
               "\"item_id\":\"item_1\",\"delta\":\"AAAA\"}",
      "UNKNOWN type_name=\"response.sparkle\" event_id=\"event_1\"");
  assert_dump ("{\"type\":\"\"}", "UNKNOWN type_name=\"\"");
  assert_dump ("{\"type\":\"Error\"}", "UNKNOWN type_name=\"Error\"");
  assert_dump ("{\"type\":\"response.audio.delta\",\"delta\":\"AAAA\"}",
      "UNKNOWN type_name=\"response.audio.delta\"");
}

static void
test_malformed (void)
{
  static const gchar *const wrong[] = { "", " ", "{", "[]", "null", "1",
    "\"error\"", "[{\"type\":\"error\"}]", "{\"type\":\"error\"}x",
    "{\"type\":\"error\"}{\"type\":\"error\"}", "{'type':'error'}",
    "{\"type\":\"error\",}", "var x = {\"type\":\"error\"}",
    "{\"type\":\"error\",\"error\":\xff}",
    "{\"type\":\"error\",\"a\":\"\xed\xa0\x80\"}",
    "{\"type\":\"response.output_audio.delta\",\"delta\":\"AAAA\"",
    "{\"type\":\"response.output_audio.delta\",\"delta\":\"AAAA",
    "{\"type\":\"response.output_audio.delta\",\"delta\":\"AAAA\"}}",
    "{\"type\":\"response.output_audio.delta\",\"delta\":\"AAAA\",}",
    "{\"type\":\"response.output_audio.delta\" \"delta\":\"AAAA\"}" };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    assert_refused (wrong[i], RT2_PROTOCOL_ERROR_JSON);
}

static void
test_nested (void)
{
  g_autofree gchar *brackets = g_strnfill (200000, '[');
  g_autofree gchar *text = g_strdup_printf (
      "{\"type\":\"error\",\"a\":%s", brackets);

  assert_refused (text, RT2_PROTOCOL_ERROR_JSON);
  assert_refused (brackets, RT2_PROTOCOL_ERROR_JSON);
}

static void
test_type_missing (void)
{
  g_autofree gchar *name = g_strnfill (257, 't');
  g_autofree gchar *text = g_strdup_printf ("{\"type\":\"%s\"}", name);
  static const gchar *const wrong[] = { "{}", "{\"type\":null}", "{\"type\":1}",
    "{\"type\":{}}", "{\"type\":[\"error\"]}", "{\"Type\":\"error\"}",
    "{\"event_id\":\"event_1\"}" };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    assert_refused (wrong[i], RT2_PROTOCOL_ERROR_TYPE);
  assert_refused (text, RT2_PROTOCOL_ERROR_TYPE);
}

static void
test_too_big (void)
{
  gsize size = RT2_PROTOCOL_MAX_EVENT + 1;
  g_autofree gchar *text = g_strnfill (size, ' ');
  g_autoptr (GError) error = NULL;
  g_autoptr (Rt2Event) event = NULL;

  memcpy (text, "{\"type\":\"error\"}", 16);
  g_assert_null (rt2_event_parse (text, size, &error));
  g_assert_error (error, RT2_PROTOCOL_ERROR, RT2_PROTOCOL_ERROR_TOO_BIG);
  event = rt2_event_parse (text, size - 1, NULL);
  g_assert_nonnull (event);
  g_assert_cmpint (event->type, ==, RT2_EVENT_ERROR);
}

/* --- void events --- */

static void
test_void (void)
{
  static const gchar *const wrong[] = {
    "{\"type\":\"response.created\"}",
    "{\"type\":\"response.created\",\"response\":null}",
    "{\"type\":\"response.created\",\"response\":{}}",
    "{\"type\":\"response.created\",\"response\":{\"id\":null}}",
    "{\"type\":\"response.created\",\"response\":{\"id\":\"\"}}",
    "{\"type\":\"response.created\",\"response\":{\"id\":7}}",
    "{\"type\":\"response.created\",\"response\":\"resp_1\"}",
    "{\"type\":\"response.done\",\"response_id\":\"resp_1\"}",
    "{\"type\":\"conversation.item.added\"}",
    "{\"type\":\"conversation.item.added\",\"item\":{\"type\":\"message\"}}",
    "{\"type\":\"conversation.item.created\",\"item\":{\"id\":\"\"}}",
    "{\"type\":\"conversation.item.done\",\"item\":[]}",
    "{\"type\":\"conversation.item.retrieved\",\"item\":{}}",
    "{\"type\":\"conversation.item.deleted\"}",
    "{\"type\":\"conversation.item.deleted\",\"item_id\":null}",
    "{\"type\":\"conversation.item.truncated\",\"audio_end_ms\":5}",
    "{\"type\":\"response.output_item.added\",\"item_id\":\"item_1\"}",
    "{\"type\":\"response.output_item.done\",\"item\":{\"id\":null}}",
    "{\"type\":\"response.output_text.delta\"}",
    "{\"type\":\"response.output_text.delta\",\"delta\":null}",
    "{\"type\":\"response.output_audio_transcript.delta\",\"delta\":5}",
    "{\"type\":\"response.function_call_arguments.delta\"}",
    "{\"type\":\"response.mcp_call_arguments.delta\"}",
    "{\"type\":\"session.output_transcript.delta\"}",
    "{\"type\":\"session.input_transcript.delta\"}",
    "{\"type\":\"response.output_audio.delta\",\"item_id\":\"item_1\"}",
    "{\"type\":\"response.output_audio.delta\",\"delta\":null}",
    "{\"type\":\"response.output_audio.delta\",\"delta\":5}",
    "{\"type\":\"response.output_audio.delta\",\"delta\":[\"AAAA\"]}",
    "{\"type\":\"response.output_audio.delta\",\"delta\":\"AAA==\"}",
    "{\"type\":\"response.output_audio.delta\",\"delta\":\"A\"}",
    "{\"type\":\"response.output_audio.delta\",\"delta\":\"AA A\"}",
    "{\"type\":\"response.output_audio.delta\",\"delta\":\"AAA\\n\"}",
    "{\"type\":\"response.output_audio.delta\",\"delta\":\"AAA\\u0000A\"}",
    "{\"type\":\"response.output_audio.delta\",\"delta\":\"AA\xc3\xa9\"}",
    "{\"type\":\"session.output_audio.delta\"}",
    "{\"type\":\"session.output_audio.delta\",\"delta\":\"-_-_\"}",
  };

  for (guint i = 0; i < G_N_ELEMENTS (wrong); i++)
    assert_refused (wrong[i], RT2_PROTOCOL_ERROR_FIELD);
}

/* Each member that is an id is bounded, wherever it stands. */
static void
test_long_ids (void)
{
  static const gchar *const formats[] = {
    "{\"type\":\"error\",\"event_id\":\"@\"}",
    "{\"type\":\"whatever\",\"event_id\":\"@\"}",
    "{\"type\":\"response.output_audio.done\",\"response_id\":\"@\"}",
    "{\"type\":\"input_audio_buffer.speech_started\",\"item_id\":\"@\"}",
    "{\"type\":\"input_audio_buffer.committed\",\"previous_item_id\":\"@\"}",
    "{\"type\":\"response.function_call_arguments.done\",\"call_id\":\"@\"}",
    "{\"type\":\"response.output_audio.delta\",\"item_id\":\"@\","
    "\"delta\":\"AAAA\"}",
    "{\"type\":\"response.output_audio.delta\",\"event_id\":\"@\","
    "\"delta\":\"AAAA\"}",
    "{\"type\":\"session.created\",\"session\":{\"id\":\"@\"}}",
    "{\"type\":\"response.created\",\"response\":{\"id\":\"@\"}}",
    "{\"type\":\"response.done\",\"response\":{\"id\":\"r\","
    "\"conversation_id\":\"@\"}}",
    "{\"type\":\"response.done\",\"response\":{\"id\":\"r\","
    "\"output\":[{\"id\":\"@\"}]}}",
    "{\"type\":\"conversation.item.added\",\"item\":{\"id\":\"@\"}}",
    "{\"type\":\"response.output_item.done\",\"item\":{\"id\":\"i\","
    "\"call_id\":\"@\"}}",
  };
  g_autofree gchar *longest = g_strnfill (RT2_PROTOCOL_MAX_SERVER_ID, 'i');
  g_autofree gchar *too_long = g_strnfill (RT2_PROTOCOL_MAX_SERVER_ID + 1, 'i');

  for (guint i = 0; i < G_N_ELEMENTS (formats); i++) {
    g_auto (GStrv) parts = g_strsplit (formats[i], "@", 2);
    g_autofree gchar *good = g_strconcat (parts[0], longest, parts[1], NULL);
    g_autofree gchar *bad = g_strconcat (parts[0], too_long, parts[1], NULL);

    rt2_event_free (parse_good (good));
    assert_refused (bad, RT2_PROTOCOL_ERROR_FIELD);
  }
}

/* Marks that clients chose, up to 512 characters, come back whole. */
static void
test_long_client_marks (void)
{
  g_autofree gchar *mark = g_strnfill (512, 'm');
  g_autofree gchar *error_text = g_strdup_printf (
      "{\"type\":\"error\",\"error\":{\"event_id\":\"%s\"}}", mark);
  g_autofree gchar *response_text = g_strdup_printf (
      "{\"type\":\"response.created\",\"response\":{\"id\":"
      "\"r\",\"metadata\":{\"client_event_id\":\"%s\"}}}",
      mark);
  g_autoptr (Rt2Event) error = parse_good (error_text);
  g_autoptr (Rt2Event) response = parse_good (response_text);

  g_assert_cmpstr (error->error->event_id, ==, mark);
  g_assert_cmpstr (response->response->client_event_id, ==, mark);
}

/* --- other people's servers --- */

/* An event of every type with nothing but its name: it is void or it is
 * empty, but never half. */
static void
test_bare (void)
{
  for (guint type = RT2_EVENT_UNKNOWN + 1; type < RT2_N_EVENTS; type++) {
    g_autofree gchar *text = g_strdup_printf (
        "{\"type\":\"%s\"}", rt2_event_type_name (type));
    g_autoptr (GError) error = NULL;
    g_autoptr (Rt2Event) event = parse (text, &error);

    if (!event) {
      g_assert_error (error, RT2_PROTOCOL_ERROR, RT2_PROTOCOL_ERROR_FIELD);
      continue;
    }
    g_assert_cmpint (event->type, ==, type);
    g_assert_null (event->event_id);
    g_assert_null (event->item_id);
    g_assert_null (event->audio);
    g_assert_null (event->item);
    g_assert_null (event->response);
  }
}

/* Which events stand without any member. */
static void
test_bare_and_good (void)
{
  assert_dump ("{\"type\":\"error\"}", "ERROR type_name=\"error\" error{}");
  assert_dump ("{\"type\":\"session.created\"}",
      "SESSION_CREATED type_name=\"session.created\" session{json={}}");
  assert_dump ("{\"type\":\"session.updated\",\"session\":null}",
      "SESSION_UPDATED type_name=\"session.updated\" session{json={}}");
  assert_dump ("{\"type\":\"input_audio_buffer.speech_started\"}",
      "SPEECH_STARTED type_name=\"input_audio_buffer.speech_started\"");
  assert_dump ("{\"type\":\"input_audio_buffer.committed\",\"item_id\":null}",
      "INPUT_COMMITTED type_name=\"input_audio_buffer.committed\"");
  assert_dump ("{\"type\":\"response.output_audio.delta\",\"delta\":\"\"}",
      "AUDIO_DELTA type_name=\"response.output_audio.delta\" audio=");
  assert_dump ("{\"type\":\"response.content_part.done\",\"part\":null}",
      "CONTENT_PART_DONE type_name=\"response.content_part.done\"");
  assert_dump ("{\"type\":\"response.output_text.done\",\"text\":null}",
      "TEXT_DONE type_name=\"response.output_text.done\"");
}

#define TRANSCRIPTION "conversation.item.input_audio_transcription."

static void
test_bare_transcription (void)
{
  assert_dump ("{\"type\":\"" TRANSCRIPTION "delta\"}",
      "INPUT_TRANSCRIPT_DELTA type_name=\"" TRANSCRIPTION "delta\" text=\"\"");
  assert_dump ("{\"type\":\"" TRANSCRIPTION "completed\",\"usage\":null}",
      "INPUT_TRANSCRIPT_COMPLETED type_name=\"" TRANSCRIPTION "completed\"");
  assert_dump ("{\"type\":\"" TRANSCRIPTION "failed\",\"error\":null}",
      "INPUT_TRANSCRIPT_FAILED type_name=\"" TRANSCRIPTION "failed\" error{}");
}

static void
test_rate_limits (void)
{
  g_autoptr (Rt2Event) event = NULL;

  assert_dump ("{\"type\":\"rate_limits.updated\",\"rate_limits\":[null,5,{},"
               "{\"name\":\"a\",\"limit\":-1,\"remaining\":1.5,"
               "\"reset_seconds\":-2},{\"name\":\"b\",\"limit\":\"5\","
               "\"remaining\":1e999,\"reset_seconds\":1e999}]}",
      "RATE_LIMITS_UPDATED type_name=\"rate_limits.updated\" "
      "rate_limit{name=\"a\"} rate_limit{name=\"b\"}");
  event = parse_good ("{\"type\":\"rate_limits.updated\"}");
  g_assert_nonnull (event->rate_limits);
  g_assert_cmpuint (event->rate_limits->len, ==, 0);
}

static void
test_errors (void)
{
  assert_dump ("{\"type\":\"error\",\"error\":\"no such model\"}",
      "ERROR type_name=\"error\" error{message=\"no such model\"}");
  assert_dump ("{\"type\":\"error\",\"event_id\":\"event_1\","
               "\"code\":\"busy\",\"message\":\"later\"}",
      "ERROR type_name=\"error\" event_id=\"event_1\" "
      "error{code=\"busy\" message=\"later\"}");
  assert_dump ("{\"type\":\"error\",\"error\":{\"type\":\"t\",\"code\":null,"
               "\"message\":{},\"param\":null,\"event_id\":null}}",
      "ERROR type_name=\"error\" error{type=\"t\"}");
}

/* --- numbers --- */

static void
assert_start_ms (const gchar *number, guint64 expected)
{
  g_autofree gchar *text = g_strdup_printf (
      "{\"type\":\"input_audio_buffer.speech_started\","
      "\"audio_start_ms\":%s}",
      number);
  g_autoptr (Rt2Event) event = parse_good (text);

  g_assert_cmpuint (event->audio_start_ms, ==, expected);
}

static void
test_numbers (void)
{
  static const gchar *const absent[] = { "-1", "1.5", "1e999", "-1e999",
    "\"5\"", "null", "true", "[5]", "{}", "9223372036854775808",
    "99999999999999999999999", "1e19", "-0.5" };

  for (guint i = 0; i < G_N_ELEMENTS (absent); i++)
    assert_start_ms (absent[i], 0);
  assert_start_ms ("5", 5);
  assert_start_ms ("5.0", 5);
  assert_start_ms ("5e3", 5000);
  assert_start_ms ("9223372036854775807", G_MAXINT64);
}

static void
test_indices (void)
{
  assert_dump ("{\"type\":\"response.output_audio.done\","
               "\"output_index\":4294967295,\"content_index\":7}",
      "AUDIO_DONE type_name=\"response.output_audio.done\" "
      "output_index=4294967295 content_index=7");
  assert_dump ("{\"type\":\"response.output_audio.done\","
               "\"output_index\":4294967297,\"content_index\":-7}",
      "AUDIO_DONE type_name=\"response.output_audio.done\"");
  assert_dump ("{\"type\":\"response.output_audio.delta\",\"delta\":\"AP8=\","
               "\"output_index\":4294967295,\"content_index\":4294967297}",
      "AUDIO_DELTA type_name=\"response.output_audio.delta\" "
      "output_index=4294967295 audio=00ff");
}

static void
test_seconds (void)
{
  assert_dump ("{\"type\":\"" TRANSCRIPTION "completed\",\"transcript\":\"\","
               "\"usage\":{\"type\":\"duration\",\"seconds\":2.1}}",
      "INPUT_TRANSCRIPT_COMPLETED type_name=\"" TRANSCRIPTION "completed\" "
      "text=\"\" usage{seconds=3}");
  assert_dump ("{\"type\":\"" TRANSCRIPTION "completed\","
               "\"usage\":{\"type\":\"duration\",\"seconds\":-3}}",
      "INPUT_TRANSCRIPT_COMPLETED type_name=\"" TRANSCRIPTION "completed\" "
      "usage{}");
  assert_dump ("{\"type\":\"" TRANSCRIPTION "segment\",\"speaker\":null,"
               "\"start\":1.2345,\"end\":-1}",
      "INPUT_TRANSCRIPT_SEGMENT type_name=\"" TRANSCRIPTION "segment\" "
      "audio_start_ms=1235");
  assert_dump ("{\"type\":\"" TRANSCRIPTION "segment\",\"start\":1e300}",
      "INPUT_TRANSCRIPT_SEGMENT type_name=\"" TRANSCRIPTION "segment\"");
}

/* --- items --- */

static void
assert_item (const gchar *type, const gchar *item, const gchar *expected)
{
  g_autofree gchar *text = g_strdup_printf (
      "{\"type\":\"%s\",\"item\":%s}", type, item);
  g_autoptr (Rt2Event) event = parse_good (text);
  g_autofree gchar *dump = event_dump (event);

  g_assert_cmpstr (strstr (dump, "item{"), ==, expected);
}

static void
test_item_status (void)
{
  static const gchar *const added[] = { "conversation.item.added",
    "conversation.item.created", "response.output_item.added" };
  static const gchar *const done[] = { "conversation.item.done",
    "response.output_item.done" };

  for (guint i = 0; i < G_N_ELEMENTS (added); i++) {
    assert_item (added[i], "{\"id\":\"i\"}",
        "item{id=\"i\" type=unknown status=in_progress}");
    assert_item (added[i], "{\"id\":\"i\",\"status\":\"completed\"}",
        "item{id=\"i\" type=unknown status=completed}");
  }
  for (guint i = 0; i < G_N_ELEMENTS (done); i++) {
    assert_item (done[i], "{\"id\":\"i\",\"status\":null}",
        "item{id=\"i\" type=unknown status=completed}");
    assert_item (done[i], "{\"id\":\"i\",\"status\":\"incomplete\"}",
        "item{id=\"i\" type=unknown status=incomplete}");
    assert_item (done[i], "{\"id\":\"i\",\"status\":\"frozen\"}",
        "item{id=\"i\" type=unknown}");
  }
  assert_item ("conversation.item.retrieved", "{\"id\":\"i\"}",
      "item{id=\"i\" type=unknown}");
}

static void
test_item_parts (void)
{
  const gchar *done = "conversation.item.done";

  assert_item (done,
      "{\"id\":\"i\",\"type\":\"message\",\"role\":\"assistant\",\"content\":["
      "{\"type\":\"audio\",\"transcript\":\"One \"},"
      "{\"type\":\"output_audio\",\"transcript\":\"two \",\"audio\":\"AAAA\"},"
      "{\"type\":\"text\",\"text\":\"three \"},"
      "{\"type\":\"output_text\",\"text\":\"four\"},"
      "{\"text\":\" five\"},null,7,\"x\",[],{}]}",
      "item{id=\"i\" type=message status=completed role=assistant "
      "text=\"One two three four five\" has_audio}");
  assert_item (done,
      "{\"id\":\"i\",\"type\":\"message\",\"role\":\"user\",\"content\":["
      "{\"type\":\"input_audio\",\"transcript\":null}]}",
      "item{id=\"i\" type=message status=completed role=user}");
  assert_item (done,
      "{\"id\":\"i\",\"content\":[{\"type\":\"audio\",\"transcript\":\"\"}]}",
      "item{id=\"i\" type=unknown status=completed text=\"\" has_audio}");
  assert_item (done,
      "{\"id\":\"i\",\"type\":5,\"role\":\"tool\",\"content\":\"text\"}",
      "item{id=\"i\" type=unknown status=completed}");
  assert_item (done, "{\"id\":\"i\",\"role\":null,\"content\":null}",
      "item{id=\"i\" type=unknown status=completed}");
}

static void
test_item_phase (void)
{
  const gchar *done = "response.output_item.done";

  assert_item (done, "{\"phase\":\"final_answer\",\"id\":\"i\"}",
      "item{id=\"i\" type=unknown status=completed phase=final_answer}");
  assert_item (done,
      "{\"id\":\"i\",\"phase\":null,\"content\":[{},"
      "{\"phase\":\"commentary\"}]}",
      "item{id=\"i\" type=unknown status=completed phase=commentary}");
  assert_item (done,
      "{\"id\":\"i\",\"phase\":\"final_answer\",\"content\":["
      "{\"phase\":\"commentary\"}]}",
      "item{id=\"i\" type=unknown status=completed phase=final_answer}");
  assert_item (done, "{\"id\":\"i\",\"phase\":\"aside\"}",
      "item{id=\"i\" type=unknown status=completed}");
  assert_item (done, "{\"id\":\"i\",\"phase\":{}}",
      "item{id=\"i\" type=unknown status=completed}");
}

static void
test_item_call (void)
{
  const gchar *done = "response.output_item.done";

  assert_item (done,
      "{\"id\":\"i\",\"type\":\"function_call\",\"call_id\":\"c\","
      "\"name\":\"f\",\"arguments\":{\"a\":[1,1e20]}}",
      "item{id=\"i\" type=function_call status=completed call_id=\"c\" "
      "name=\"f\" arguments=\"{\"a\":[1,1e+20]}\"}");
  assert_item (done,
      "{\"id\":\"i\",\"type\":\"function_call\",\"call_id\":null,"
      "\"name\":null,\"arguments\":null}",
      "item{id=\"i\" type=function_call status=completed}");
  assert_item (done,
      "{\"id\":\"i\",\"type\":\"function_call_output\",\"call_id\":\"c\","
      "\"output\":\"21\"}",
      "item{id=\"i\" type=function_call_output status=completed "
      "call_id=\"c\" output=\"21\"}");
  assert_item (done,
      "{\"id\":\"i\",\"type\":\"mcp_approval_response\",\"approve\":true}",
      "item{id=\"i\" type=mcp_approval_response status=completed}");
}

/* Members of MCP items that are something else than they should be. */
static void
test_item_mcp (void)
{
  const gchar *done = "conversation.item.done";
  g_autofree gchar *id = g_strnfill (257, 'i');
  g_autofree gchar *text = g_strdup_printf (
      "{\"type\":\"%s\",\"item\":{\"id\":\"i\","
      "\"approval_request_id\":\"%s\"}}",
      done, id);

  assert_refused (text, RT2_PROTOCOL_ERROR_FIELD);
  assert_item (done,
      "{\"id\":\"i\",\"type\":\"mcp_call\",\"output\":{\"a\":1},"
      "\"error\":[1],\"server_label\":7,\"approval_request_id\":{}}",
      "item{id=\"i\" type=mcp_call status=completed}");
  assert_item (done,
      "{\"id\":\"i\",\"type\":\"mcp_call\",\"error\":{\"message\":5}}",
      "item{id=\"i\" type=mcp_call status=completed "
      "error=\"{\"message\":5}\"}");
  assert_item (done,
      "{\"id\":\"i\",\"type\":\"mcp_list_tools\",\"tools\":[null,{},[],"
      "{\"name\":7},{\"name\":\"\"},{\"name\":\"a\\u0000\"}]}",
      "item{id=\"i\" type=mcp_list_tools status=completed tool=\"\" "
      "tool=\"a\xef\xbf\xbd\"}");
  assert_item (done,
      "{\"id\":\"i\",\"type\":\"mcp_list_tools\",\"tools\":{\"name\":1}}",
      "item{id=\"i\" type=mcp_list_tools status=completed}");
  assert_item (done,
      "{\"id\":\"i\",\"type\":\"message\",\"tools\":[{\"name\":\"a\"}]}",
      "item{id=\"i\" type=message status=completed}");
}

/* Text that would be cut, or would not be UTF-8. */
static void
test_item_text (void)
{
  const gchar *added = "conversation.item.added";

  assert_item (added,
      "{\"id\":\"i\",\"content\":[{\"text\":\"a\\u0000b\\ud800c\"}]}",
      "item{id=\"i\" type=unknown status=in_progress "
      "text=\"a\xef\xbf\xbd"
      "b\xef\xbf\xbd"
      "c\"}");
  assert_item (added, "{\"id\":\"i\\u0000j\"}",
      "item{id=\"i\xef\xbf\xbdj\" type=unknown status=in_progress}");
}

/* --- responses and sessions --- */

static void
assert_response (const gchar *response, const gchar *expected)
{
  g_autofree gchar *text = g_strdup_printf (
      "{\"type\":\"response.done\",\"response\":%s}", response);
  g_autoptr (Rt2Event) event = parse_good (text);
  g_autofree gchar *dump = event_dump (event);

  g_assert_nonnull (event->response->output);
  g_assert_cmpstr (strstr (dump, "response{"), ==, expected);
}

static void
test_responses (void)
{
  assert_response ("{\"id\":\"r\"}", "response{id=\"r\"}");
  assert_response ("{\"id\":\"r\",\"conversation_id\":null,\"status\":null,"
                   "\"status_details\":null,\"output\":null,\"usage\":null,"
                   "\"metadata\":null}",
      "response{id=\"r\"}");
  assert_response ("{\"id\":\"r\",\"status\":\"cancelled\","
                   "\"status_details\":\"turn_detected\"}",
      "response{id=\"r\" status=cancelled reason=\"turn_detected\"}");
  assert_response ("{\"id\":\"r\",\"status\":\"failed\","
                   "\"status_details\":{\"error\":null,\"reason\":5}}",
      "response{id=\"r\" status=failed}");
  assert_response ("{\"id\":\"r\",\"status\":\"paused\",\"output\":{},"
                   "\"metadata\":[],\"usage\":5}",
      "response{id=\"r\"}");
  assert_response ("{\"id\":\"r\",\"output\":[null,{},3,{\"id\":\"\"},"
                   "{\"id\":\"i\"},{\"type\":\"message\"}]}",
      "response{id=\"r\" item{id=\"i\" type=unknown}}");
  assert_response ("{\"id\":\"r\",\"metadata\":{\"client_event_id\":7}}",
      "response{id=\"r\"}");
}

static void
test_usage (void)
{
  assert_response ("{\"id\":\"r\",\"usage\":{}}", "response{id=\"r\" usage{}}");
  assert_response ("{\"id\":\"r\",\"usage\":{\"total_tokens\":null,"
                   "\"input_tokens\":-5,\"output_tokens\":\"7\","
                   "\"input_token_details\":null,"
                   "\"output_token_details\":{\"text_tokens\":1.5,"
                   "\"audio_tokens\":9}}}",
      "response{id=\"r\" usage{output_audio=9}}");
  assert_response ("{\"id\":\"r\",\"usage\":{\"input_token_details\":"
                   "{\"cached_tokens\":64,\"cached_tokens_details\":null}}}",
      "response{id=\"r\" usage{cached=64}}");
}

static void
assert_session (const gchar *session, const gchar *expected)
{
  g_autofree gchar *text = g_strdup_printf (
      "{\"type\":\"session.updated\",\"session\":%s}", session);
  g_autoptr (Rt2Event) event = parse_good (text);
  g_autofree gchar *dump = event_dump (event);
  const gchar *json = strstr (dump, "json=");

  g_assert_true (g_str_has_prefix (json + strlen ("json="), session));
  dump[json - dump] = '\0';
  g_assert_cmpstr (strstr (dump, "session{"), ==, expected);
}

static void
test_sessions (void)
{
  assert_session ("{}", "session{");
  assert_session (
      "{\"id\":null,\"audio\":null,\"expires_at\":null}", "session{");
  assert_session ("{\"audio\":{\"input\":null,\"output\":{\"format\":null,"
                  "\"voice\":null}}}",
      "session{");
  assert_session ("{\"audio\":{\"input\":{\"format\":{\"type\":\"audio/ogg\"},"
                  "\"turn_detection\":null}}}",
      "session{");
  assert_session ("{\"audio\":{\"input\":{\"format\":\"pcm16\","
                  "\"turn_detection\":{}},\"output\":{\"voice\":\"ash\"}}}",
      "session{voice=\"ash\" has_turn_detection ");
  assert_session (
      "{\"expires_at\":-5,\"model\":\"x\\\"y\"}", "session{model=\"x\"y\" ");
}

static void
add_wire_tests (void)
{
  g_test_add_func ("/protocol/documented", test_documented);
  g_test_add_func ("/protocol/captured", test_captured);
  g_test_add_func ("/protocol/all-types", test_all_types);
  g_test_add_func ("/protocol/type-names", test_type_names);
  g_test_add_func ("/protocol/status-names", test_status_names);
  g_test_add_func ("/protocol/unknown", test_unknown);
  g_test_add_func ("/protocol/malformed", test_malformed);
  g_test_add_func ("/protocol/nested", test_nested);
  g_test_add_func ("/protocol/type-missing", test_type_missing);
  g_test_add_func ("/protocol/too-big", test_too_big);
  g_test_add_func ("/protocol/void", test_void);
  g_test_add_func ("/protocol/long-ids", test_long_ids);
  g_test_add_func ("/protocol/long-client-marks", test_long_client_marks);
}

static void
add_tolerance_tests (void)
{
  g_test_add_func ("/protocol/bare", test_bare);
  g_test_add_func ("/protocol/bare-and-good", test_bare_and_good);
  g_test_add_func ("/protocol/bare-transcription", test_bare_transcription);
  g_test_add_func ("/protocol/rate-limits", test_rate_limits);
  g_test_add_func ("/protocol/errors", test_errors);
  g_test_add_func ("/protocol/numbers", test_numbers);
  g_test_add_func ("/protocol/indices", test_indices);
  g_test_add_func ("/protocol/seconds", test_seconds);
  g_test_add_func ("/protocol/item-status", test_item_status);
  g_test_add_func ("/protocol/item-parts", test_item_parts);
  g_test_add_func ("/protocol/item-phase", test_item_phase);
  g_test_add_func ("/protocol/item-call", test_item_call);
  g_test_add_func ("/protocol/item-mcp", test_item_mcp);
  g_test_add_func ("/protocol/item-text", test_item_text);
  g_test_add_func ("/protocol/responses", test_responses);
  g_test_add_func ("/protocol/usage", test_usage);
  g_test_add_func ("/protocol/sessions", test_sessions);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  add_wire_tests ();
  add_tolerance_tests ();
  return g_test_run ();
}
