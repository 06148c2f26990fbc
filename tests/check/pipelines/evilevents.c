/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Servers whose frames are right and whose events are not.
 */
#include "evilstage.h"

#include <string.h>

#define REFUSED .code = GST_RESOURCE_ERROR_SETTINGS
/* What %s of a row's text stands for. */
#define ADDRESS                                                                \
  "\"event_id\":\"e\",\"response_id\":\"evil\",\"item_id\":\"item_evil\","     \
  "\"output_index\":0,\"content_index\":0"
#define DELTA "{\"type\":\"response.output_audio.delta\"," ADDRESS ",\"delta\":"
#define SESSION(type, fields)                                                      \
  "{\"type\":\"session." type "\",\"event_id\":\"e\",\"session\":{"                \
  "\"type\":\"realtime\",\"object\":\"realtime.session\",\"id\":\"sess_9\"" fields \
  "}}"
#define CREATED(id)                                                            \
  "{\"type\":\"response.created\",\"event_id\":\"e\",\"response\":{\"id\":"    \
  "\"" id "\",\"status\":\"in_progress\",\"output\":[]}}"
#define DONE(id)                                                               \
  "{\"type\":\"response.done\",\"event_id\":\"e\",\"response\":{\"id\":\"" id  \
  "\",\"status\":\"completed\",\"output\":[]}}"
#define CALL(response, item, call, name, arguments)                            \
  "{\"type\":\"response.output_item.done\",\"event_id\":\"e\","                \
  "\"response_id\":\"" response "\",\"output_index\":1,\"item\":{"             \
  "\"id\":\"" item "\",\"type\":\"function_call\",\"status\":\"completed\","   \
  "\"call_id\":\"" call "\",\"name\":\"" name "\",\"arguments\":\"" arguments  \
  "\"}}"
#define SPEECH(what, time, item)                                               \
  "{\"type\":\"input_audio_buffer.speech_" what "\",\"event_id\":\"e\","       \
  "\"audio_" time ",\"item_id\":\"" item "\"}"
#define COMMITTED(item)                                                        \
  "{\"type\":\"input_audio_buffer.committed\",\"event_id\":\"e\","             \
  "\"previous_item_id\":null,\"item_id\":\"" item "\"}"

/* Row->text is a list of events, one in a line; "|" also ends one. */
static void
send (EvilPeer *peer, const EvilRow *row)
{
  g_auto (GStrv) events = g_strsplit (row->text, "|", -1);

  for (guint i = 0; events[i] != NULL; i++)
    evil_peer_text (peer, "%s", events[i]);
  if (row->outcome == EVIL_ENDS)
    evil_peer_stay (peer);
}

static void
send_when_asked (EvilPeer *peer, const EvilRow *row)
{
  if (evil_peer_wait_message (peer, "session.update"))
    send (peer, row);
}

/* The same so many times. */
static void
send_often (EvilPeer *peer, const EvilRow *row)
{
  for (guint64 i = 0; i < row->number; i++)
    if (!evil_peer_text (peer, "%s", row->text))
      return;
}

/* %u is another number each time. */
static void
send_numbered (EvilPeer *peer, const EvilRow *row)
{
  g_auto (GStrv) parts = g_strsplit (row->text, "%u", -1);

  for (guint64 i = 0; i < row->number; i++) {
    g_autofree gchar *number = g_strdup_printf ("%" G_GUINT64_FORMAT, i);
    g_autofree gchar *event = g_strjoinv (number, parts);

    if (!evil_peer_frame (peer, EVIL_TEXT, event, strlen (event)))
      return;
  }
}

/* %s is so many times "x". */
static void
send_filled (EvilPeer *peer, const EvilRow *row)
{
  g_autofree gchar *filling = g_strnfill (row->number, 'x');
  g_auto (GStrv) parts = g_strsplit (row->text, "%s", -1);
  g_autofree gchar *event = g_strjoinv (filling, parts);

  evil_peer_frame (peer, EVIL_TEXT, event, strlen (event));
}

static void
nest (EvilPeer *peer, const EvilRow *row)
{
  g_autoptr (GString) event = g_string_new ("{\"type\":\"x\",\"a\":");

  for (guint64 i = 0; i < row->number; i++)
    g_string_append (event, row->text);
  evil_peer_frame (peer, EVIL_TEXT, event->str, event->len);
}

static void
send_utf16 (EvilPeer *peer, const EvilRow *row)
{
  static const gchar event[] = "{\"type\":\"x\"}";
  gchar wide[2 * sizeof event] = { 0 };

  for (guint i = 0; i < sizeof event - 1; i++)
    wide[2 * i] = event[i];
  evil_peer_frame (peer, EVIL_TEXT, wide, 2 * (sizeof event - 1));
}

static void
send_nul (EvilPeer *peer, const EvilRow *row)
{
  static const gchar event[] = "{\"type\":\"x\"\0,\"a\":1}\0";

  evil_peer_frame (peer, EVIL_TEXT, event, sizeof event - 1);
  evil_peer_frame (peer, EVIL_TEXT, "\0\0\0\0", 4);
}

/* However slow the client is: it has read all that was sent. */
static gboolean
wait_until_read (EvilPeer *peer)
{
  return evil_peer_frame (peer, EVIL_PING, "all read?", 9)
      && evil_peer_wait_message (peer, "all read?");
}

/* Speech of the given bytes, in events of a megabyte of base64. It is much, but
 * never more at once than can be read. */
static void
send_audio (EvilPeer *peer, const EvilRow *row)
{
  const gsize size = 786432;
  g_autofree guchar *silence = g_malloc0 (size);
  g_autofree gchar *base64 = g_base64_encode (silence, size);

  for (guint64 sent = 0; sent < row->number; sent += size)
    if (!evil_peer_text (peer, DELTA "\"%s\"}", base64)
        || !evil_peer_pause (peer, 1000)
        || (sent % (16 * size) == 0 && !wait_until_read (peer)))
      return;
  evil_peer_end_answer (peer, "evil");
}

/* So many events in each of 100 steps of 10 ms. */
static void
send_fast (EvilPeer *peer, const EvilRow *row)
{
  for (guint step = 0; step < 100; step++) {
    for (guint64 i = 0; i < row->number; i++)
      if (!evil_peer_text (peer, "%s", row->text))
        return;
    if (!evil_peer_pause (peer, 10000))
      return;
  }
}

static void
stay (EvilPeer *peer, const EvilRow *row)
{
  evil_peer_stay (peer);
}

static void
create_twice (EvilPeer *peer, const EvilRow *row)
{
  evil_peer_say_created (peer);
}

static void
end_twice (EvilPeer *peer, const EvilRow *row)
{
  evil_peer_end_answer (peer, "evil");
  evil_peer_end_answer (peer, "evil");
}

static void
answer_twice (EvilPeer *peer, const EvilRow *row)
{
  evil_peer_end_answer (peer, "evil");
  evil_peer_begin_answer (peer, "evil", 480);
  evil_peer_end_answer (peer, "evil");
}

#define ITEM_IN(response, item)                                                \
  "{\"type\":\"response.output_item.added\",\"event_id\":\"e\","               \
  "\"response_id\":\"" response "\",\"output_index\":0,\"item\":{\"id\":"      \
  "\"" item "\",\"type\":\"message\",\"role\":\"assistant\",\"content\":[]}}"

static const EvilRow rows[] = {
  /* JSON */
  { "deep", EVIL_UPDATED, nest, EVIL_CARRIES_ON, .number = 100000,
      .text = "[" },
  { "deep-objects", EVIL_UPDATED, nest, EVIL_CARRIES_ON, .number = 100000,
      .text = "{\"a\":" },
  { "long-string", EVIL_UPDATED, send_filled, EVIL_CARRIES_ON,
      .number = 10 << 20, .text = "{\"type\":\"x\",\"a\":\"%s\"}",
      .heap_mb = 96 },
  { "long-type", EVIL_UPDATED, send_filled, EVIL_CARRIES_ON, .number = 10 << 20,
      .text = "{\"type\":\"%s\"}", .heap_mb = 96 },
  { "long-message", EVIL_UPDATED, send_filled, EVIL_CARRIES_ON,
      .number = 4 << 20, .heap_mb = 96,
      .text = "{\"type\":\"error\",\"event_id\":\"e\",\"error\":{\"type\":"
              "\"server_error\",\"code\":\"x\",\"message\":\"%s\"}}" },
  { "no-json", EVIL_UPDATED, send, EVIL_CARRIES_ON,
      .text =
          "hello||{|}|[]|"
          "null|true|1|\"session.created\"|{}{}|{\"type\":\"x\"}{\"type\":\"x\"}|"
          "{type:x}|{'type':'x'}|{\"type\":}|{\"type\":\"x\",}|var x={\"a\":1}|"
          "/* */{}|{\"type\":NaN}|{\"type\":\"x\",\"a\":NaN}|"
          "{\"type\":\"x\",\"a\":Infinity}|{\"type\":\"\\x\"}|{\"type\":\"x" },
  { "bom", EVIL_UPDATED, send, EVIL_CARRIES_ON,
      .text = "\xef\xbb\xbf{\"type\":\"x\"}|\xef\xbb\xbf" },
  { "utf-16", EVIL_UPDATED, send_utf16, EVIL_CARRIES_ON },
  { "nul", EVIL_UPDATED, send_nul, EVIL_CARRIES_ON },
  { "lone-surrogates", EVIL_UPDATED, send, EVIL_CARRIES_ON,
      .text = "{\"type\":\"\\ud800\"}|{\"type\":\"x\\udc00\\ud800\"}|"
              "{\"type\":\"response.output_audio_transcript.delta\"," ADDRESS
              ",\"delta\":\"\\ud83d\"}" },
  { "escaped-nul", EVIL_ANSWERS, send, EVIL_CARRIES_ON,
      .text = "{\"type\":\"x\\u0000y\"}|"
              "{\"type\":\"response.output_audio_transcript.delta\"," ADDRESS
              ",\"delta\":\"a\\u0000b\"}|" CREATED ("\\u0000") "|" CALL ("evil",
                  "item\\u0000x", "call\\u0000x", "na\\u0000me", "{\\u0000}") },
  { "duplicate-keys", EVIL_UPDATED, send, EVIL_CARRIES_ON,
      .text = "{\"type\":\"x\",\"type\":\"session.updated\",\"type\":7}|"
              "{\"type\":\"response.created\",\"response\":{\"id\":\"a\","
              "\"id\":\"b\",\"id\":null},\"response\":[]}|" DELTA
              "\"AAAA\",\"delta\":\"BBBB\",\"delta\":3}" },
  { "unknown-events", EVIL_UPDATED, send_numbered, EVIL_CARRIES_ON,
      .number = 20000, .text = "{\"type\":\"new.thing.%u\",\"a\":{\"b\":[]}}" },
  { "bad-events", EVIL_UPDATED, send_often, EVIL_CARRIES_ON, .number = 5000,
      .text = "{\"type\":\"response.done\",\"response\":7}" },

  /* the session */
  { "never-created", EVIL_UPGRADED, stay, EVIL_RECONNECTS, .times_out = TRUE },
  { "never-updated", EVIL_CREATED, stay, EVIL_RECONNECTS, .times_out = TRUE },
  { "created-twice", EVIL_UPDATED, create_twice, EVIL_CARRIES_ON },
  { "updated-again", EVIL_UPDATED, send, EVIL_CARRIES_ON,
      .text = SESSION ("updated", "") "|" SESSION ("updated", "") },
  { "answers-before-created", EVIL_UPGRADED, send, EVIL_CARRIES_ON,
      .text = CREATED ("evil") "|" ITEM_IN (
          "evil", "item_evil") "|" DELTA "\"AAAA\"}|" DONE ("evil") },
  { "updated-before-created", EVIL_UPGRADED, send, EVIL_CARRIES_ON,
      .text = SESSION ("updated", "") },
  { "speech-before-created", EVIL_UPGRADED, send, EVIL_CARRIES_ON,
      .text = SPEECH ("started", "start_ms\":0", "u") "|" SPEECH (
          "stopped", "end_ms\":5", "u") "|" COMMITTED ("u") },
  { "other-output", EVIL_UPDATED, send, EVIL_ENDS, REFUSED,
      .text = SESSION ("updated",
          ",\"audio\":{\"output\":{\"format\":{"
          "\"type\":\"audio/pcmu\"}}}") },
  { "other-input", EVIL_UPDATED, send, EVIL_ENDS, REFUSED,
      .text = SESSION ("updated",
          ",\"audio\":{\"input\":{\"format\":{"
          "\"type\":\"audio/pcma\"}}}") },
  { "other-rate", EVIL_UPDATED, send, EVIL_ENDS, REFUSED,
      .text = SESSION ("updated",
          ",\"audio\":{\"output\":{\"format\":{"
          "\"type\":\"audio/pcm\",\"rate\":8000}}}") },
  { "other-codec", EVIL_UPDATED, send, EVIL_ENDS, REFUSED,
      .text = SESSION ("updated",
          ",\"audio\":{\"output\":{\"format\":{"
          "\"type\":\"audio/opus\"}}}") },
  { "other-codec-first", EVIL_CREATED, send_when_asked, EVIL_ENDS, REFUSED,
      .text = SESSION ("updated",
          ",\"audio\":{\"output\":{\"format\":{"
          "\"type\":\"audio/opus\"}}}") },
  { "expires-at-0", EVIL_UPDATED, send, EVIL_CARRIES_ON,
      .text = SESSION ("created", ",\"expires_at\":0") },
  { "expired-long-ago", EVIL_UPDATED, send, EVIL_CARRIES_ON,
      .text = SESSION ("created", ",\"expires_at\":-1") "|" SESSION (
          "updated", ",\"expires_at\":1") },
  { "expires-at-10^18", EVIL_UPDATED, send, EVIL_CARRIES_ON,
      .text = SESSION ("created",
          ",\"expires_at\":1000000000000000000") "|" SESSION ("updated",
          ",\"expires_at\":1e308") },
  { "error-storm", EVIL_UPDATED, send_often, EVIL_CARRIES_ON, .number = 5000,
      .heap_mb = 64,
      .text =
          "{\"type\":\"error\",\"event_id\":\"e\",\"error\":{\"type\":"
          "\"invalid_request_error\",\"code\":\"x\",\"message\":\"No.\"}}" },
  { "empty-errors", EVIL_UPDATED, send, EVIL_CARRIES_ON,
      .text = "{\"type\":\"error\"}|{\"type\":\"error\",\"error\":null}|"
              "{\"type\":\"error\",\"error\":{}}|"
              "{\"type\":\"error\",\"error\":{\"message\":null}}|"
              "{\"type\":\"error\",\"error\":{\"code\":7,\"message\":[]}}" },
  { "limit-of-minus-1", EVIL_UPDATED, send, EVIL_CARRIES_ON,
      .text = "{\"type\":\"rate_limits.updated\",\"rate_limits\":[{\"name\":"
              "\"tokens\",\"limit\":-1,\"remaining\":-1,"
              "\"reset_seconds\":-1}]}|"
              "{\"type\":\"rate_limits.updated\",\"rate_limits\":[{\"name\":"
              "\"\",\"limit\":1e308,\"remaining\":99999999999999999999,"
              "\"reset_seconds\":1e308},7,null,[]]}" },

  /* the user */
  { "stopped-unstarted", EVIL_UPDATED, send, EVIL_CARRIES_ON,
      .text = SPEECH ("stopped", "end_ms\":500", "u") },
  { "started-twice", EVIL_UPDATED, send, EVIL_CARRIES_ON,
      .text = SPEECH ("started", "start_ms\":10", "u") "|" SPEECH ("started",
          "start_ms\":10", "u") "|" SPEECH ("started", "start_ms\":10", "v") },
  { "committed-twice", EVIL_UPDATED, send, EVIL_CARRIES_ON,
      .text = COMMITTED ("u") "|" COMMITTED ("u") "|" COMMITTED ("") },
  { "ends-before-it-starts", EVIL_UPDATED, send, EVIL_CARRIES_ON,
      .text = SPEECH ("started", "start_ms\":5000", "u") "|" SPEECH (
          "stopped", "end_ms\":100", "u") "|" COMMITTED ("u") },
  { "speech-of-the-far-future", EVIL_UPDATED, send, EVIL_CARRIES_ON,
      .text = SPEECH ("started", "start_ms\":9223372036854775807",
          "u") "|" SPEECH ("stopped", "end_ms\":-9223372036854775808",
          "u") "|" SPEECH ("started", "start_ms\":1e308",
          "v") "|" SPEECH ("stopped", "end_ms\":0.5",
          "v") "|" COMMITTED ("v") },
  { "transcripts-of-nobody", EVIL_UPDATED, send, EVIL_CARRIES_ON,
      .text = "{\"type\":\"conversation.item.input_audio_transcription.delta\","
              "\"item_id\":\"nobody\",\"delta\":\"a\"}|"
              "{\"type\":\"conversation.item.input_audio_transcription."
              "completed\",\"item_id\":\"nobody\",\"transcript\":\"a\","
              "\"usage\":{\"type\":\"duration\",\"seconds\":-1e308}}|"
              "{\"type\":\"conversation.item.input_audio_transcription."
              "completed\",\"item_id\":\"nobody\",\"transcript\":\"a\"}|"
              "{\"type\":\"conversation.item.input_audio_transcription."
              "failed\",\"item_id\":\"nobody\",\"error\":null}" },
  { "transcript-without-end", EVIL_UPDATED, send_often, EVIL_CARRIES_ON,
      .number = 20000,
      .text = "{\"type\":\"conversation.item.input_audio_transcription.delta\","
              "\"item_id\":\"u\",\"delta\":\"words and words \"}" },

  /* responses */
  { "unknown-item", EVIL_UPDATED, send, EVIL_CARRIES_ON,
      .text = DELTA "\"AAAA\"}" },
  { "done-before-created", EVIL_UPDATED, send, EVIL_CARRIES_ON,
      .text = DONE ("later") "|" CREATED ("later") },
  { "done-twice", EVIL_ANSWERS, end_twice, EVIL_CARRIES_ON },
  { "answers-twice", EVIL_ANSWERS, answer_twice, EVIL_CARRIES_ON },
  { "never-done", EVIL_ANSWERS, send, EVIL_CARRIES_ON,
      .text = CREATED ("b") "|" CREATED ("c") "|" CREATED ("b") },
  { "item-in-two-responses", EVIL_ANSWERS, send, EVIL_CARRIES_ON,
      .text = DONE ("evil") "|" CREATED ("b") "|" ITEM_IN ("b",
          "item_evil") "|"
                       "{\"type\":\"response.output_audio.delta\",\"response_id\":\"b\","
                       "\"item_id\":\"item_evil\",\"output_index\":0,"
                       "\"content_index\":0,\"delta\":\"AAAA\"}|" DONE ("b") },
  { "item-of-the-user", EVIL_ANSWERS, send, EVIL_CARRIES_ON,
      .text = SPEECH ("started", "start_ms\":0", "item_evil") "|" COMMITTED (
          "item_evil") "|" DELTA "\"AAAA\"}" },
  { "same-call-twice", EVIL_ANSWERS, send, EVIL_CARRIES_ON,
      .text = CALL ("evil", "f", "c", "f", "{}") "|" CALL ("evil", "f", "c",
          "f", "{}") "|" CALL ("evil", "g", "c", "g", "{}") "|" DONE ("evil") },
  { "call-without-ids", EVIL_ANSWERS, send, EVIL_CARRIES_ON,
      .text = CALL ("evil", "", "", "", "") "|" CALL (
          "", "f", "c", "f", "{") "|" DONE ("evil") },
  { "call-name-of-controls", EVIL_ANSWERS, send, EVIL_CARRIES_ON,
      .text = CALL ("evil", "f", "c", "\\n\\u001b[2J\\u0007\\u202e",
          "{}") "|" DONE ("evil") },
  { "call-with-a-megabyte", EVIL_ANSWERS, send_filled, EVIL_CARRIES_ON,
      .number = 1 << 20, .heap_mb = 32,
      .text = CALL ("evil", "f", "c", "f", "{\\\"a\\\":\\\"%s\\\"}") },
  { "calls-by-the-thousand", EVIL_ANSWERS, send_numbered, EVIL_CARRIES_ON,
      .number = 3000, .heap_mb = 64,
      .text = CALL ("evil", "f%u", "c%u", "f", "{}") },
  { "id-of-a-megabyte", EVIL_UPDATED, send_filled, EVIL_CARRIES_ON,
      .number = 1 << 20, .heap_mb = 32, .text = CREATED ("%s") },
  { "item-of-a-megabyte", EVIL_ANSWERS, send_filled, EVIL_CARRIES_ON,
      .number = 1 << 20, .heap_mb = 32, .text = ITEM_IN ("evil", "%s") },
  { "empty-ids", EVIL_UPDATED, send, EVIL_CARRIES_ON,
      .text = CREATED ("") "|" ITEM_IN ("",
          "") "|"
              "{\"type\":\"response.output_audio.delta\",\"response_id\":\"\","
              "\"item_id\":\"\",\"output_index\":0,\"content_index\":0,"
              "\"delta\":\"AAAA\"}|" DONE ("") },
  { "output-index-2^31", EVIL_ANSWERS, send, EVIL_CARRIES_ON,
      .text = "{\"type\":\"response.output_audio.delta\",\"response_id\":"
              "\"evil\",\"item_id\":\"i\",\"output_index\":2147483648,"
              "\"content_index\":-1,\"delta\":\"AAAA\"}|"
              "{\"type\":\"response.output_audio.delta\",\"response_id\":"
              "\"evil\",\"item_id\":\"i\",\"output_index\":-1,"
              "\"content_index\":1e99,\"delta\":\"AAAA\"}" },
  { "items-by-the-thousand", EVIL_ANSWERS, send_numbered, EVIL_CARRIES_ON,
      .number = 20000, .text = ITEM_IN ("evil", "i%u"), .heap_mb = 64 },
  { "conversation-items", EVIL_UPDATED, send_numbered, EVIL_CARRIES_ON,
      .number = 50000, .heap_mb = 64,
      .text = "{\"type\":\"conversation.item.added\",\"item\":{\"id\":\"i%u\","
              "\"type\":\"message\",\"role\":\"user\",\"content\":[]}}" },
  { "responses-by-the-thousand", EVIL_UPDATED, send_numbered, EVIL_CARRIES_ON,
      .number = 20000, .text = CREATED ("r%u"), .heap_mb = 64 },
  { "truncated-unknown", EVIL_UPDATED, send, EVIL_CARRIES_ON,
      .text = "{\"type\":\"conversation.item.truncated\",\"item_id\":\"no\","
              "\"content_index\":0,\"audio_end_ms\":-1}|"
              "{\"type\":\"conversation.item.deleted\",\"item_id\":\"no\"}|"
              "{\"type\":\"conversation.item.deleted\"}|"
              "{\"type\":\"conversation.item.retrieved\",\"item\":null}" },
  { "usage-below-zero", EVIL_ANSWERS, send, EVIL_CARRIES_ON,
      .text = "{\"type\":\"response.done\",\"response\":{\"id\":\"evil\","
              "\"status\":\"completed\",\"output\":[],\"usage\":{"
              "\"total_tokens\":-1,\"input_tokens\":1e308,"
              "\"output_tokens\":18446744073709551616,"
              "\"input_token_details\":[],\"output_token_details\":null}}}" },
  { "status-of-nonsense", EVIL_ANSWERS, send, EVIL_CARRIES_ON,
      .text = "{\"type\":\"response.done\",\"response\":{\"id\":\"evil\","
              "\"status\":\"wonderful\",\"status_details\":\"very\","
              "\"output\":{}}}" },

  /* audio */
  { "odd-bytes", EVIL_ANSWERS, send, EVIL_CARRIES_ON,
      .text = DELTA "\"AAAA\"}|" DELTA "\"AA==\"}|" DELTA "\"AAAA\"}" },
  { "no-bytes", EVIL_ANSWERS, send, EVIL_CARRIES_ON,
      .text = DELTA "\"\"}|" DELTA "null}|" DELTA "7}|" DELTA "[\"AAAA\"]}" },
  { "no-base64", EVIL_ANSWERS, send, EVIL_CARRIES_ON,
      .text = DELTA "\"!!!!\"}|" DELTA "\"A\"}|" DELTA "\"AA=A\"}|" DELTA
                    "\"====\"}|" DELTA "\"AAAA\xc3\xa9\"}" },
  { "base64-in-lines", EVIL_ANSWERS, send, EVIL_CARRIES_ON,
      .text = DELTA "\"AAAA\\r\\nAAAA\\nAA==\"}" },
  { "100-MB-of-audio", EVIL_ANSWERS, send_audio, EVIL_CARRIES_ON,
      .number = 100 << 20, .heap_mb = 128 },
  { "tiny-deltas", EVIL_ANSWERS, send_often, EVIL_CARRIES_ON, .number = 20000,
      .text = DELTA "\"AAA=\"}" },
  { "10-events-a-millisecond", EVIL_ANSWERS, send_fast, EVIL_CARRIES_ON,
      .number = 100,
      .text = "{\"type\":\"response.output_audio_transcript.delta\"," ADDRESS
              ",\"delta\":\"x\"}" },
};

int
main (int argc, char *argv[])
{
  evil_init ();
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  evil_add_rows ("events", rows, G_N_ELEMENTS (rows));
  return g_test_run ();
}
