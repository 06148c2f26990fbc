/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Talk that never pauses, and sessions that must be left in the midst of it:
 * the user goes on and on, or the agent does, from one function to the next.
 * Both sides speak in words of 20 ms, each with a number in its samples, so
 * that it is known what of which was understood where, and what was heard.
 */
#include "stage.h"
#include "testserver.h"

#include <json-glib/json-glib.h>
#include <string.h>

#define RATE 24000
#define WORD 480 /* samples of a word */
#define GROUP 4  /* samples that hold its number */
#define MAX_WORDS 1024
#define VAD_START 2    /* loud words after which the server hears speech */
#define VAD_SILENCE 20 /* quiet ones after which it is over */
#define PADDING 300    /* ms before speech that belong to it */
#define LIFE 5         /* s of a session */
#define HANDLING 250   /* ms that a function takes */
#define ROUNDS 20      /* answers in a row that call one */
#define ANSWER 20      /* words of each */

/* -- words ---------------------------------------------------------------- */

static void
say_word (gint16 *samples, guint number)
{
  for (guint i = 0; i < WORD; i++) {
    gint value = 8000 + 256 * (number >> (i % GROUP * 4) & 0xf);

    samples[i] = GINT16_TO_LE (i % 120 < 60 ? value : -value);
  }
}

/* The number in @samples, a group; -1 = they are silent. */
static gint
number_in (const gint16 *samples)
{
  gint number = 0;

  for (guint i = 0; i < GROUP; i++) {
    gint value = ABS (GINT16_FROM_LE (samples[i]));

    if (value == 0)
      return -1;
    g_assert_cmpint (value, >=, 8000);
    g_assert_cmpint (value % 256, ==, 8000 % 256);
    number |= (value - 8000) / 256 << (i * 4);
  }
  g_assert_cmpint (number, <, MAX_WORDS);
  return number;
}

/* -- the server ----------------------------------------------------------- */

/* What came on one connection, in groups of samples since it began. */
typedef struct {
  GArray *groups;    /* gint, see number_in() */
  guint start;       /* of the turn that goes on */
  guint loud, quiet; /* words in a row, until now */
  guint heard;       /* words that were looked at */
  gboolean hears;    /* a turn goes on */
} Ear;

typedef struct {
  TestServer *server;
  gboolean calls; /* each answer calls a function, ROUNDS times */
  GMutex lock;
  /* Under the lock, as all below. */
  GPtrArray *ears;             /* Ear*, by connection */
  guint understood[MAX_WORDS]; /* groups in turns that were answered */
  guint turns, answers;
  guint words;         /* the agent's, so far */
  GHashTable *outputs; /* call ids -> outputs that came of it, not told
                        * again by who knew them */
  guint errors;        /* what made no sense */
} Server;

static JsonObject *
parse (const gchar *text)
{
  g_autoptr (JsonParser) parser = json_parser_new ();

  g_assert_true (json_parser_load_from_data (parser, text, -1, NULL));
  return json_object_ref (json_node_get_object (json_parser_get_root (parser)));
}

static const gchar *
member (JsonObject *object, const gchar *name)
{
  return json_object_get_string_member_with_default (object, name, NULL);
}

G_GNUC_PRINTF (3, 4)
static void
tell (Server *server, guint connection, const gchar *format, ...)
{
  g_autofree gchar *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  test_server_send (server->server, connection, text);
}

static void
ear_free (gpointer data)
{
  Ear *ear = data;

  g_array_unref (ear->groups);
  g_free (ear);
}

static void
on_opened (TestServer *test_server, guint connection, gpointer data)
{
  Server *server = data;
  Ear *ear = g_new0 (Ear, 1);

  ear->groups = g_array_new (FALSE, FALSE, sizeof (gint));
  g_mutex_lock (&server->lock);
  g_assert_cmpuint (server->ears->len, ==, connection);
  g_ptr_array_add (server->ears, ear);
  g_mutex_unlock (&server->lock);
  tell (server, connection,
      "{\"type\":\"session.created\",\"event_id\":\"e\",\"session\":{"
      "\"type\":\"realtime\",\"id\":\"sess_%u\"}}",
      connection + 1);
}

static void
speak (Server *server, guint connection, guint answer)
{
  gint16 samples[WORD];

  for (guint i = 0; i < ANSWER; i++) {
    g_autofree gchar *coded = NULL;

    say_word (samples, server->words++);
    coded = g_base64_encode ((const guchar *) samples, sizeof samples);
    tell (server, connection,
        "{\"type\":\"response.output_audio.delta\",\"event_id\":\"e\","
        "\"response_id\":\"resp_%u\",\"item_id\":\"item_%u\","
        "\"output_index\":0,\"content_index\":0,\"delta\":\"%s\"}",
        answer, answer, coded);
  }
}

/* A function call as an item of JSON; new string. */
static gchar *
call_json (guint answer)
{
  return g_strdup_printf (
      "{\"id\":\"fc_%u\",\"type\":\"function_call\",\"status\":\"completed\","
      "\"call_id\":\"call_%u\",\"name\":\"go_on\",\"arguments\":\"{}\"}",
      answer, answer);
}

static void
call (Server *server, guint connection, guint answer)
{
  g_autofree gchar *item = call_json (answer);

  tell (server, connection,
      "{\"type\":\"response.output_item.done\",\"event_id\":\"e\","
      "\"response_id\":\"resp_%u\",\"output_index\":1,\"item\":%s}",
      answer, item);
}

/* An answer, all at once, with speech and perhaps a function call. */
static void
answer (Server *server, guint connection, const gchar *mark)
{
  guint n = server->answers++;
  gboolean calls = server->calls && n < ROUNDS;
  g_autofree gchar *item = call_json (n);

  tell (server, connection,
      "{\"type\":\"response.created\",\"event_id\":\"e\",\"response\":{"
      "\"id\":\"resp_%u\",\"status\":\"in_progress\",\"output\":[],"
      "\"metadata\":%s%s%s}}",
      n, mark ? "{\"client_event_id\":\"" : "null", mark ? mark : "",
      mark ? "\"}" : "");
  speak (server, connection, n);
  tell (server, connection,
      "{\"type\":\"response.output_audio_transcript.done\",\"event_id\":\"e\","
      "\"response_id\":\"resp_%u\",\"item_id\":\"item_%u\",\"output_index\":0,"
      "\"content_index\":0,\"transcript\":\"Answer %u.\"}",
      n, n, n);
  tell (server, connection,
      "{\"type\":\"response.output_audio.done\",\"event_id\":\"e\","
      "\"response_id\":\"resp_%u\",\"item_id\":\"item_%u\",\"output_index\":0,"
      "\"content_index\":0}",
      n, n);
  if (calls)
    call (server, connection, n);
  tell (server, connection,
      "{\"type\":\"response.done\",\"event_id\":\"e\",\"response\":{"
      "\"id\":\"resp_%u\",\"status\":\"completed\",\"output\":[{\"id\":"
      "\"item_%u\",\"type\":\"message\",\"role\":\"assistant\",\"status\":"
      "\"completed\",\"content\":[{\"type\":\"output_audio\",\"transcript\":"
      "\"Answer %u.\"}]}%s%s],\"usage\":{\"total_tokens\":3,\"input_tokens\":1,"
      "\"output_tokens\":2}}}",
      n, n, n, calls ? "," : "", calls ? item : "");
}

/* The turn is over: it is understood, and answered. */
static void
end_turn (Server *server, guint connection, Ear *ear)
{
  guint turn = ++server->turns;

  ear->hears = FALSE;
  for (guint i = ear->start; i < ear->groups->len; i++) {
    gint number = g_array_index (ear->groups, gint, i);

    if (number >= 0)
      server->understood[number]++;
  }
  tell (server, connection,
      "{\"type\":\"input_audio_buffer.speech_stopped\",\"event_id\":\"e\","
      "\"audio_end_ms\":%u,\"item_id\":\"user_%u\"}",
      ear->groups->len * GROUP / (RATE / 1000), turn);
  tell (server, connection,
      "{\"type\":\"input_audio_buffer.committed\",\"event_id\":\"e\","
      "\"previous_item_id\":null,\"item_id\":\"user_%u\"}",
      turn);
  ear->start = ear->groups->len;
  answer (server, connection, NULL);
}

static void
begin_turn (Server *server, guint connection, Ear *ear)
{
  guint begun = ear->groups->len - VAD_START * WORD / GROUP;
  guint padding = MIN (begun, PADDING * (RATE / 1000) / GROUP);

  ear->hears = TRUE;
  ear->start = MAX (ear->start, begun - padding);
  tell (server, connection,
      "{\"type\":\"input_audio_buffer.speech_started\",\"event_id\":\"e\","
      "\"audio_start_ms\":%u,\"item_id\":\"user_%u\"}",
      ear->start * GROUP / (RATE / 1000), server->turns + 1);
}

/* The next stretch, as long as a word. */
static void
listen (Server *server, guint connection, Ear *ear)
{
  guint end = ++ear->heard * (WORD / GROUP);
  gboolean loud = FALSE;

  for (guint i = end - WORD / GROUP; i < end; i++)
    loud |= g_array_index (ear->groups, gint, i) >= 0;
  ear->loud = loud ? ear->loud + 1 : 0;
  ear->quiet = loud ? 0 : ear->quiet + 1;
  if (!ear->hears && ear->loud == VAD_START)
    begin_turn (server, connection, ear);
  else if (ear->hears && ear->quiet == VAD_SILENCE)
    end_turn (server, connection, ear);
}

static void
take_append (Server *server, guint connection, JsonObject *event)
{
  Ear *ear = g_ptr_array_index (server->ears, connection);
  gsize size;
  g_autofree guchar *audio = g_base64_decode (member (event, "audio"), &size);

  g_assert_cmpuint (size % (2 * GROUP), ==, 0);
  for (gsize i = 0; i < size; i += 2 * GROUP) {
    gint number = number_in ((const gint16 *) (gpointer) (audio + i));

    g_array_append_val (ear->groups, number);
    if (ear->groups->len == (ear->heard + 1) * (WORD / GROUP))
      listen (server, connection, ear);
  }
}

/* What is told again is placed: it is in the conversation already. */
static void
take_item (Server *server, JsonObject *event)
{
  JsonObject *item = json_object_get_object_member (event, "item");
  const gchar *call_id = member (item, "call_id");

  if (!g_str_equal (member (item, "type"), "function_call_output")
      || json_object_has_member (event, "previous_item_id"))
    return;
  g_hash_table_insert (server->outputs, g_strdup (call_id),
      GUINT_TO_POINTER (
          GPOINTER_TO_UINT (g_hash_table_lookup (server->outputs, call_id))
          + 1));
}

static void
on_message (
    TestServer *test_server, guint connection, const gchar *text, gpointer data)
{
  Server *server = data;
  g_autoptr (JsonObject) event = parse (text);
  const gchar *type = member (event, "type");

  g_mutex_lock (&server->lock);
  if (g_str_equal (type, "session.update"))
    tell (server, connection,
        "{\"type\":\"session.updated\",\"event_id\":\"e\",\"session\":{"
        "\"type\":\"realtime\"}}");
  else if (g_str_equal (type, "input_audio_buffer.append"))
    take_append (server, connection, event);
  else if (g_str_equal (type, "conversation.item.create"))
    take_item (server, event);
  else if (g_str_equal (type, "response.create"))
    answer (server, connection, member (event, "event_id"));
  else if (!g_str_equal (type, "conversation.item.delete"))
    server->errors++;
  g_mutex_unlock (&server->lock);
}

static const TestServerScript script = { on_opened, on_message, NULL };

static Server *
server_new (gboolean calls)
{
  Server *server = g_new0 (Server, 1);

  server->calls = calls;
  g_mutex_init (&server->lock);
  server->ears = g_ptr_array_new_with_free_func (ear_free);
  server->outputs = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, NULL);
  server->server = test_server_new (TEST_TLS_NONE, &script, server);
  return server;
}

static void
server_free (Server *server)
{
  test_server_free (server->server);
  g_ptr_array_unref (server->ears);
  g_hash_table_unref (server->outputs);
  g_mutex_clear (&server->lock);
  g_free (server);
}

/* -- what is heard -------------------------------------------------------- */

typedef struct {
  GMutex lock;
  /* Under the lock, as all below. */
  guint64 buffers, breaks;
  GstClockTime next;      /* PTS that must come */
  guint heard[MAX_WORDS]; /* groups of each word */
  gint last;              /* word; -1 = none yet */
  guint back;             /* times that an older word came */
  guint gap, longest;     /* groups of silence in a row: now; between words */
} Watch;

static void
watch_group (Watch *watch, gint number)
{
  if (number < 0) {
    watch->gap++;
    return;
  }
  if (watch->last >= 0)
    watch->longest = MAX (watch->longest, watch->gap);
  watch->gap = 0;
  watch->back += number < watch->last;
  watch->last = number;
  watch->heard[number]++;
}

static GstPadProbeReturn
on_buffer (GstPad *pad, GstPadProbeInfo *info, gpointer data)
{
  GstBuffer *buffer = GST_PAD_PROBE_INFO_BUFFER (info);
  Watch *watch = data;
  GstMapInfo map;

  g_mutex_lock (&watch->lock);
  if (watch->buffers++ > 0 && GST_BUFFER_PTS (buffer) != watch->next)
    watch->breaks++;
  watch->next = GST_BUFFER_PTS (buffer) + GST_BUFFER_DURATION (buffer);
  g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_READ));
  for (gsize i = 0; i < map.size; i += 2 * GROUP)
    watch_group (watch, number_in ((const gint16 *) (gpointer) (map.data + i)));
  gst_buffer_unmap (buffer, &map);
  g_mutex_unlock (&watch->lock);
  return GST_PAD_PROBE_OK;
}

/* -- the user ------------------------------------------------------------- */

/* @total words' time; of each 30 words' time of talk the last 6 are a breath
 * in, as long as @talk goes. Returns how many words were said. */
static guint
push_talk (GstElement *user, guint total, guint talk)
{
  guint number = 0;
  GstFlowReturn ret;

  for (guint i = 0; i < total; i++) {
    GstBuffer *buffer = gst_buffer_new_allocate (NULL, WORD * 2, NULL);
    GstMapInfo map;

    g_assert_true (gst_buffer_map (buffer, &map, GST_MAP_WRITE));
    memset (map.data, 0, map.size);
    if (i < talk && i % 30 < 24)
      say_word ((gint16 *) (gpointer) map.data, number++);
    gst_buffer_unmap (buffer, &map);
    GST_BUFFER_PTS (buffer) = i * 20 * GST_MSECOND;
    GST_BUFFER_DURATION (buffer) = 20 * GST_MSECOND;
    g_signal_emit_by_name (user, "push-buffer", buffer, &ret);
    gst_buffer_unref (buffer);
    g_assert_cmpint (ret, ==, GST_FLOW_OK);
  }
  g_signal_emit_by_name (user, "end-of-stream", &ret);
  return number;
}

/* -- what it came to ------------------------------------------------------ */

typedef struct {
  Server *server;
  Stage *stage;
  Watch watch;
  guint words; /* the user's */
} Talk;

/* What a function does takes its time. */
static gchar *
go_on (GstElement *element, const gchar *call_id, const gchar *name,
    const gchar *arguments, gpointer unused)
{
  g_usleep (HANDLING * 1000);
  return g_strdup ("{}");
}

static void
talk_start (Talk *talk, gboolean calls, guint total, guint spoken)
{
  GstElement *user;
  GstPad *src;

  talk->server = server_new (calls);
  talk->watch.last = -1;
  g_mutex_init (&talk->watch.lock);
  talk->stage = stage_new (
      "appsrc name=user format=time max-bytes=0 caps=audio/x-raw,format=S16LE,"
      "rate=%d,channels=1,layout=interleaved ! realtime2 name=ai "
      "uri=ws://127.0.0.1:%u/v1/realtime session-max-age=%" G_GUINT64_FORMAT
      " vad-silence-duration=%" G_GUINT64_FORMAT " ! fakesink sync=false",
      RATE, test_server_get_port (talk->server->server), LIFE * GST_SECOND,
      VAD_SILENCE * 20 * GST_MSECOND);
  g_object_set (talk->stage->ai, "tools",
      "[{\"type\":\"function\",\"name\":\"go_on\"}]", NULL);
  g_signal_connect (talk->stage->ai, "function-call", G_CALLBACK (go_on), NULL);
  user = stage_get (talk->stage, "user");
  src = stage_get_pad (talk->stage, "ai", "src");
  gst_pad_add_probe (
      src, GST_PAD_PROBE_TYPE_BUFFER, on_buffer, &talk->watch, NULL);
  talk->words = push_talk (user, total, spoken);
  gst_object_unref (src);
  gst_object_unref (user);
  stage_play (talk->stage);
}

static void
talk_end (Talk *talk)
{
  stage_free (talk->stage);
  server_free (talk->server);
  g_mutex_clear (&talk->watch.lock);
}

/* The tokens of all sessions are in the sum. Returns how many responses were
 * whole. */
static guint
check_usage (Stage *stage)
{
  guint64 sum = 0;
  guint n = 0;

  for (guint i = 0; i < stage->messages->len; i++) {
    const GstStructure *fields = gst_message_get_structure (
        g_ptr_array_index (stage->messages, i));
    guint64 tokens = 0;

    if (!fields || !gst_structure_has_name (fields, "realtime2/response-done"))
      continue;
    g_assert_cmpstr (
        gst_structure_get_string (fields, "status"), ==, "completed");
    g_assert_true (gst_structure_get_uint64 (fields, "output-tokens", &tokens));
    sum += tokens;
    n++;
  }
  g_assert_cmpuint (sum, ==, 2 * n);
  g_assert_cmpuint (stage_stat (stage, "output-tokens"), ==, sum);
  return n;
}

/* It moved while it could not wait any longer, and nobody noticed. */
static void
check_moves (Talk *talk)
{
  Stage *stage = talk->stage;
  guint moves = stage_count_element (stage, "realtime2/session-moved");

  g_test_message ("%u moves; longest silence between words %u samples", moves,
      talk->watch.longest * GROUP);
  g_assert_cmpuint (moves, >=, 1);
  g_assert_cmpuint (talk->server->ears->len, >, moves);
  g_assert_cmpuint (
      stage_count_element (stage, "realtime2/session-lost"), ==, 0);
  g_assert_cmpuint (stage_count_element (stage, "realtime2/overrun"), ==, 0);
  g_assert_cmpuint (
      stage_count_element (stage, "realtime2/server-error"), ==, 0);
  g_assert_cmpuint (talk->server->errors, ==, 0);
  g_assert_cmpuint (talk->watch.breaks, ==, 0);
  g_assert_cmpuint (talk->watch.back, ==, 0);
}

/* All that the user said was understood once, wherever it was. */
static void
check_understood (Talk *talk)
{
  for (guint i = 0; i < MAX_WORDS; i++) {
    guint groups = i < talk->words ? WORD / GROUP : 0;

    if (talk->server->understood[i] != groups)
      g_error ("word %u of %u: %u samples of it were understood", i,
          talk->words, talk->server->understood[i] * GROUP);
  }
}

/* Every answer was heard whole and once, or, if it never came, not at all.
 * Returns how many were. */
static guint
check_heard (Talk *talk)
{
  guint n = 0;

  for (guint i = 0; i < talk->server->answers; i++) {
    guint groups = 0;

    for (guint j = 0; j < ANSWER; j++) {
      guint word = talk->watch.heard[i * ANSWER + j];

      g_assert_cmpuint (word, <=, WORD / GROUP);
      groups += word;
    }
    if (groups != 0)
      g_assert_cmpuint (groups, ==, ANSWER * WORD / GROUP);
    n += groups != 0;
  }
  return n;
}

/* -- both ----------------------------------------------------------------- */

#define USER_TALK 500 /* words' time */
#define TURN_END 100  /* likewise, of silence after it */

/* There is never a gap: the turn that goes on is taken along, as often as it
 * must be, and gets one answer. */
static void
test_user (void)
{
  Talk talk = { NULL };

  talk_start (&talk, FALSE, USER_TALK + TURN_END, USER_TALK);
  stage_wait (talk.stage, "realtime2/session-moved");
  stage_wait (talk.stage, "realtime2/response-heard");
  stage_wait_eos (talk.stage);
  stage_expect_no_error (talk.stage);
  gst_element_set_state (talk.stage->pipeline, GST_STATE_NULL);
  check_moves (&talk);
  check_understood (&talk);
  g_assert_cmpuint (talk.server->turns, ==, 1);
  g_assert_cmpuint (talk.server->answers, ==, 1);
  g_assert_cmpuint (check_usage (talk.stage), ==, 1);
  g_assert_cmpuint (check_heard (&talk), ==, 1);
  talk_end (&talk);
}

static void
check_outputs (Talk *talk)
{
  GHashTableIter iter;
  gpointer id, n;

  g_assert_cmpuint (g_hash_table_size (talk->server->outputs), ==,
      stage_count_element (talk->stage, "realtime2/function-call"));
  g_hash_table_iter_init (&iter, talk->server->outputs);
  while (g_hash_table_iter_next (&iter, &id, &n))
    g_assert_cmpuint (GPOINTER_TO_UINT (n), ==, 1);
}

/* It is always the agent's turn: it speaks on without a gap, each function is
 * answered once, and so is what it returned. */
static void
test_agent (void)
{
  Talk talk = { NULL };
  guint done;

  talk_start (&talk, TRUE, USER_TALK, 30);
  stage_wait (talk.stage, "realtime2/session-moved");
  stage_wait_eos (talk.stage);
  stage_expect_no_error (talk.stage);
  gst_element_set_state (talk.stage->pipeline, GST_STATE_NULL);
  check_moves (&talk);
  check_understood (&talk);
  check_outputs (&talk);
  done = check_usage (talk.stage);
  g_assert_cmpuint (done, >=, ROUNDS);
  g_assert_cmpuint (done, <=, talk.server->answers);
  g_assert_cmpuint (check_heard (&talk), ==, done);
  g_assert_cmpuint (talk.watch.longest * GROUP, <=, WORD);
  talk_end (&talk);
}

int
main (int argc, char *argv[])
{
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/nonstop/user", test_user);
  g_test_add_func ("/nonstop/agent", test_agent);
  return g_test_run ();
}
