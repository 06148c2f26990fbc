/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * No secret is anywhere but where it has to be. A run in another process, which
 * is as loud as it can be: logs at level 9 of GStreamer and of GLib, all
 * messages, dot files, stats and all other properties, the event log, and the
 * environment and command line of what a tool starts. None of it holds a key,
 * that of the fallback neither, a token of extra-headers or the password of the
 * proxy, in clear, as base64 or as in a URL; not even where a server quotes
 * them. In one run a voice is answered over TLS, the key changes and the
 * conversation moves, and then goes to the fallback.
 *
 * Nor may any of it be in use in the memory of that process once the element is
 * gone, nor a key in a block that the element gives back. All that is given
 * back is overwritten there, or it would be no more than chance what is found;
 * as-is does not, and only prints. What this can't hold, because libraries give
 * back blocks as they are; how many is counted, printed, and for keys judged:
 * - of each connection, libsoup the line of the head with the key in it, and
 *   the buffer that the head is sent from;
 * - of a refusal that quotes the key, libsoup what it reads of it, three times;
 * - of a message over TLS that quotes the key, GnuTLS what it decrypted;
 * - of each connection, libsoup three copies of each of extra-headers, and GIO
 *   one of the uri of a proxy.
 * With --verbose it is told who gives them back. A proxy that is used is not
 * part of it.
 */
#include "secretstage.h"

#include <string.h>

/* Copies that libraries leave of the key of each connection. */
#define COPIES 2
/* One more, of a message over TLS that quotes it. */
#define COPIES_QUOTED 1
/* More of them, of a refusal that quotes it. */
#define COPIES_REFUSED 3

typedef struct {
  TestServer *server; /* of `uri` */
  gchar *key_file;    /* a new key goes there after the first answer, or NULL */
  gboolean moves;     /* else the first connection is lost */
} Host;

/* --- what the servers say --- */

static void
send_created (TestServer *server, guint connection, gpointer unused)
{
  test_server_send (server, connection,
      "{\"type\":\"session.created\",\"event_id\":\"e\",\"session\":"
      "{\"type\":\"realtime\",\"id\":\"s\"}}");
}

static void
send_quote (TestServer *server, guint connection)
{
  g_autofree gchar *quoted = test_server_dup_header (
      server, connection, "Authorization");
  g_autofree gchar *text = g_strdup_printf (
      "{\"type\":\"error\",\"event_id\":\"e\",\"error\":{\"type\":"
      "\"invalid_request_error\",\"code\":\"odd\",\"message\":\"You sent %s.\","
      "\"param\":\"%s\",\"event_id\":null}}",
      quoted, quoted);

  test_server_send (server, connection, text);
}

static void
send_all (TestServer *server, guint connection, const gchar *const *texts)
{
  for (guint i = 0; texts[i]; i++)
    test_server_send (server, connection, texts[i]);
}

static void
send_call (TestServer *server, guint connection)
{
  static const gchar *const texts[] = {
    "{\"type\":\"response.created\",\"event_id\":\"e\",\"response\":"
    "{\"id\":\"R1\",\"status\":\"in_progress\",\"output\":[]}}",
    "{\"type\":\"response.output_item.done\",\"event_id\":\"e\","
    "\"response_id\":\"R1\",\"output_index\":0,\"item\":{\"id\":\"F1\","
    "\"type\":\"function_call\",\"status\":\"completed\",\"call_id\":\"c1\","
    "\"name\":\"look\",\"arguments\":\"{}\"}}",
    "{\"type\":\"response.done\",\"event_id\":\"e\",\"response\":"
    "{\"id\":\"R1\",\"status\":\"completed\",\"output\":[]}}",
    NULL,
  };

  send_all (server, connection, texts);
}

/* The user said something, and is answered: a few samples and a word. */
static void
send_turn (TestServer *server, guint connection)
{
  static const gchar *const texts[] = {
    "{\"type\":\"input_audio_buffer.speech_started\",\"event_id\":\"e\","
    "\"audio_start_ms\":0,\"item_id\":\"U1\"}",
    "{\"type\":\"input_audio_buffer.speech_stopped\",\"event_id\":\"e\","
    "\"audio_end_ms\":40,\"item_id\":\"U1\"}",
    "{\"type\":\"input_audio_buffer.committed\",\"event_id\":\"e\","
    "\"previous_item_id\":null,\"item_id\":\"U1\"}",
    "{\"type\":\"response.created\",\"event_id\":\"e\",\"response\":"
    "{\"id\":\"R0\",\"status\":\"in_progress\",\"output\":[]}}",
    "{\"type\":\"response.output_item.added\",\"event_id\":\"e\","
    "\"response_id\":\"R0\",\"output_index\":0,\"item\":{\"id\":\"A1\","
    "\"type\":\"message\",\"role\":\"assistant\",\"content\":[]}}",
    "{\"type\":\"response.output_audio.delta\",\"event_id\":\"e\","
    "\"response_id\":\"R0\",\"item_id\":\"A1\",\"output_index\":0,"
    "\"content_index\":0,\"delta\":\"AQEBAQEBAQEBAQEB\"}",
    "{\"type\":\"response.output_audio_transcript.delta\",\"event_id\":\"e\","
    "\"response_id\":\"R0\",\"item_id\":\"A1\",\"output_index\":0,"
    "\"content_index\":0,\"delta\":\"Yes.\"}",
    "{\"type\":\"response.output_item.done\",\"event_id\":\"e\","
    "\"response_id\":\"R0\",\"output_index\":0,\"item\":{\"id\":\"A1\","
    "\"type\":\"message\",\"status\":\"completed\",\"role\":\"assistant\","
    "\"content\":[{\"type\":\"output_audio\",\"transcript\":\"Yes.\"}]}}",
    "{\"type\":\"response.done\",\"event_id\":\"e\",\"response\":"
    "{\"id\":\"R0\",\"status\":\"completed\",\"output\":[]}}",
    NULL,
  };

  send_all (server, connection, texts);
}

static void
send_updated (TestServer *server, guint connection)
{
  test_server_send (server, connection,
      "{\"type\":\"session.updated\",\"event_id\":\"e\",\"session\":{}}");
}

static gboolean
is_update (const gchar *text)
{
  return strstr (text, "\"session.update\"") != NULL;
}

/* Quotes the key and calls a function. */
static void
on_other_message (
    TestServer *server, guint connection, const gchar *text, gpointer unused)
{
  if (!is_update (text))
    return;
  send_updated (server, connection);
  send_quote (server, connection);
  send_call (server, connection);
}

static void
write_new_key (const gchar *path)
{
  g_assert_true (g_file_set_contents_full (path, SECRET_NEW_KEY "\n", -1,
      G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL));
}

/* The first connection is lost once it is configured, or answers a turn until
 * the key changes; the next quotes its key. */
static void
on_message (
    TestServer *server, guint connection, const gchar *text, gpointer data)
{
  Host *host = data;

  if (!is_update (text))
    return;
  if (!host->moves && connection > 0) {
    on_other_message (server, connection, text, NULL);
    return;
  }
  send_updated (server, connection);
  if (!host->moves) {
    test_server_drop (server, connection);
    return;
  }
  send_quote (server, connection);
  if (connection == 0)
    send_turn (server, connection);
  if (connection == 0 && host->key_file)
    write_new_key (host->key_file);
}

/* The conversation has moved to the second: that is the end of this server. */
static void
on_closed (TestServer *server, guint connection, gpointer data)
{
  Host *host = data;

  if (!host->moves || connection != 0)
    return;
  test_server_refuse (server, 503, NULL, NULL);
  test_server_drop (server, 1);
}

static const TestServerScript script = {
  .opened = send_created,
  .on_message = on_message,
  .closed = on_closed,
};

static const TestServerScript other_script = {
  .opened = send_created,
  .on_message = on_other_message,
};

/* --- what is left --- */

/* Of a key that was sent @n times. */
static void
assert_few_copies (
    const ChildResult *result, const gchar *name, guint n, guint more)
{
  g_autofree gchar *others = g_strconcat ("others ", name, NULL);

  g_assert_cmpuint (secret_number (result, others), <=, n * COPIES + more);
}

/* --- the runs --- */

#define TALK                                                                   \
  "realtime2/session-lost,realtime2/session-restored,"                         \
  "realtime2/server-error,realtime2/function-output"

/* Where the key is, and whether what is freed is overwritten. */
typedef struct {
  gboolean in_file, overwrite;
} Way;

static const Way file = { TRUE, TRUE }, property = { FALSE, TRUE },
                 as_is = { TRUE, FALSE };

/* A connection that is lost, one that is made anew, a server that quotes the
 * key, and a tool that shows its environment. */
static void
test_talk (gconstpointer data)
{
  const Way *way = data;
  Host host = { .moves = FALSE };
  g_autoptr (TestServer)
      server = test_server_new (TEST_TLS_NONE, &script, &host);
  g_autofree gchar *uri = test_server_dup_url (server);
  SecretRun run = { uri, NULL, way->in_file, way->overwrite, TALK };
  g_autoptr (ChildResult) result = NULL;
  SecretStage stage;

  secret_stage_init (&stage);
  result = secret_stage_run (&stage, &run);
  secret_assert_sent (server, 0, SECRET_KEY, SECRET_TOKEN);
  secret_assert_sent (server, 1, SECRET_KEY, SECRET_TOKEN);
  g_assert_nonnull (strstr (result->output, "You sent Bearer ***."));
  g_assert_nonnull (strstr (result->output, "function-output"));
  secret_print (result);
  if (way->overwrite) {
    /* In READY there is none but the property's. */
    g_assert_cmpuint (
        secret_number (result, "ready key"), ==, way->in_file ? 0 : 1);
    secret_assert_nothing_kept (result);
    assert_few_copies (result, "key", 2, 0);
  }
  secret_stage_clear (&stage);
}

static guint
count (const gchar *text, const gchar *word)
{
  guint n = 0;

  while ((text = strstr (text, word))) {
    n++;
    text += strlen (word);
  }
  return n;
}

/* One server saw two keys, the other one, and neither the other's. */
static void
assert_sent_apart (TestServer *server, TestServer *other)
{
  guint n = test_server_count_requests (server);

  g_assert_cmpuint (n, >=, 3);
  secret_assert_sent (server, 0, SECRET_KEY, SECRET_TOKEN);
  for (guint i = 1; i < n; i++)
    secret_assert_sent (server, i, SECRET_NEW_KEY, SECRET_TOKEN);
  g_assert_cmpuint (test_server_count_requests (other), ==, 1);
  secret_assert_sent (other, 0, SECRET_FALLBACK_KEY, NULL);
}

/* The first of @n connections had the old key; each key was quoted once. */
static void
assert_few_left (const ChildResult *result, guint n)
{
  g_assert_cmpuint (secret_number (result, "ready key"), ==, 0);
  secret_assert_nothing_kept (result);
  assert_few_copies (result, "key", 1, COPIES_QUOTED);
  assert_few_copies (result, "new-key", n - 1, COPIES_QUOTED);
  assert_few_copies (result, "fallback-key", 1, COPIES_QUOTED);
}

#define MOVE                                                                   \
  "realtime2/session-moved,realtime2/session-lost,realtime2/session-moved,"    \
  "realtime2/function-output"

/* Over TLS: a turn, another key, a session with it, the fallback. */
static void
test_moves (gconstpointer data)
{
  const Way *way = data;
  Host host = { .moves = TRUE };
  g_autoptr (TestServer)
      server = test_server_new (TEST_TLS_TRUSTED, &script, &host);
  g_autoptr (TestServer)
      other = test_server_new (TEST_TLS_TRUSTED, &other_script, NULL);
  g_autofree gchar *uri = test_server_dup_url (server);
  g_autofree gchar *fallback = test_server_dup_url (other);
  SecretRun run = { uri, fallback, way->in_file, way->overwrite,
    way->in_file ? "realtime2/response-done," MOVE
                 : "realtime2/response-done,!new-key," MOVE };
  g_autoptr (ChildResult) result = NULL;
  SecretStage stage;

  secret_stage_init (&stage);
  host.key_file = way->in_file ? stage.key_file : NULL;
  result = secret_stage_run (&stage, &run);
  assert_sent_apart (server, other);
  g_assert_cmpuint (count (result->output, "You sent Bearer ***."), >=, 3);
  g_assert_null (strstr (result->output, "error GstMessageError"));
  secret_print (result);
  if (way->overwrite)
    assert_few_left (result, test_server_count_requests (server));
  secret_stage_clear (&stage);
}

/* The server refuses the key, and quotes it. */
static void
test_refused (gconstpointer data)
{
  g_autoptr (TestServer)
      server = test_server_new (GPOINTER_TO_INT (data), NULL, NULL);
  g_autofree gchar *uri = test_server_dup_url (server);
  SecretRun run = { uri, NULL, TRUE, TRUE, "realtime2/session-created" };
  g_autoptr (ChildResult) result = NULL;
  SecretStage stage;

  secret_stage_init (&stage);
  test_server_refuse (server, 401,
      "{\"error\":{\"code\":\"invalid_api_key\",\"message\":\"Incorrect API key "
      "provided: " SECRET_KEY "\"}}",
      NULL);
  result = secret_stage_run (&stage, &run);
  secret_assert_sent (server, 0, SECRET_KEY, SECRET_TOKEN);
  g_assert_nonnull (strstr (result->output, "error GstMessageError"));
  secret_print (result);
  secret_assert_nothing_kept (result);
  assert_few_copies (result, "key", 1, COPIES_REFUSED);
  secret_stage_clear (&stage);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/secrets/file", &file, test_talk);
  g_test_add_data_func ("/secrets/property", &property, test_talk);
  g_test_add_data_func ("/secrets/as-is", &as_is, test_talk);
  g_test_add_data_func ("/secrets/moves/file", &file, test_moves);
  g_test_add_data_func ("/secrets/moves/property", &property, test_moves);
  g_test_add_data_func ("/secrets/moves/as-is", &as_is, test_moves);
  g_test_add_data_func (
      "/secrets/refused", GINT_TO_POINTER (TEST_TLS_NONE), test_refused);
  g_test_add_data_func (
      "/secrets/refused-tls", GINT_TO_POINTER (TEST_TLS_TRUSTED), test_refused);
  return g_test_run ();
}
