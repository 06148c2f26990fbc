/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A WebSocket client of a few lines for tests of the sandbox. */
#include "client.h"

#include <math.h>
#include <string.h>

#define TIMEOUT 30 /* seconds; nothing here takes one, but machines do */
#define VOICE "/usr/share/sounds/alsa/Front_Center.wav"

/* ---- JSON ---- */

static JsonNode *
step_into (JsonNode *node, const gchar *name)
{
  const gchar *bracket = strchr (name, '[');
  g_autofree gchar *member = bracket != NULL ? g_strndup (name, bracket - name)
                                             : g_strdup (name);
  JsonArray *array;
  guint index;

  if (node == NULL || !JSON_NODE_HOLDS_OBJECT (node))
    return NULL;
  node = json_object_get_member (json_node_get_object (node), member);
  if (bracket == NULL || node == NULL || !JSON_NODE_HOLDS_ARRAY (node))
    return bracket == NULL ? node : NULL;
  array = json_node_get_array (node);
  index = g_ascii_strtoull (bracket + 1, NULL, 10);
  return index < json_array_get_length (array)
      ? json_array_get_element (array, index)
      : NULL;
}

static JsonNode *
find (JsonObject *object, const gchar *path)
{
  g_auto (GStrv) names = g_strsplit (path, ".", -1);
  g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);
  JsonNode *node = root;
  guint i;

  json_node_set_object (root, object);
  for (i = 0; names[i] != NULL; i++)
    node = step_into (node, names[i]);
  return node;
}

JsonNode *
json_at (JsonObject *object, const gchar *path)
{
  JsonNode *node = find (object, path);

  if (node == NULL) {
    g_autoptr (JsonNode) root = json_node_new (JSON_NODE_OBJECT);
    g_autofree gchar *text = NULL;

    json_node_set_object (root, object);
    text = json_to_string (root, FALSE);
    g_error ("no '%s' in %s", path, text);
  }
  return node;
}

const gchar *
json_text (JsonObject *object, const gchar *path)
{
  JsonNode *node = json_at (object, path);

  g_assert_true (JSON_NODE_HOLDS_VALUE (node));
  g_assert_cmpuint (json_node_get_value_type (node), ==, G_TYPE_STRING);
  return json_node_get_string (node);
}

gint64
json_int (JsonObject *object, const gchar *path)
{
  JsonNode *node = json_at (object, path);

  g_assert_true (JSON_NODE_HOLDS_VALUE (node));
  g_assert_cmpuint (json_node_get_value_type (node), ==, G_TYPE_INT64);
  return json_node_get_int (node);
}

gboolean
json_null (JsonObject *object, const gchar *path)
{
  return JSON_NODE_HOLDS_NULL (json_at (object, path));
}

gboolean
json_has (JsonObject *object, const gchar *path)
{
  return find (object, path) != NULL;
}

/* ---- the judge ---- */

static JsonObject *
always_present (void)
{
  static JsonObject *paths;
  g_autoptr (JsonParser) parser = NULL;
  g_autofree gchar *file = NULL;
  GError *error = NULL;

  if (paths != NULL)
    return paths;
  parser = json_parser_new ();
  file = g_test_build_filename (G_TEST_DIST, "always-present.json", NULL);
  json_parser_load_from_file (parser, file, &error);
  g_assert_no_error (error);
  paths = json_object_ref (json_object_get_object_member (
      json_node_get_object (json_parser_get_root (parser)), "paths"));
  return paths;
}

/* The sightings were of PCM, of server_vad and of messages and calls. */
static gboolean
is_of_another_kind (const gchar *name, JsonObject *parent)
{
  const gchar *type = json_object_get_string_member_with_default (
      parent, "type", "");

  if (g_str_equal (name, "rate"))
    return !g_str_equal (type, "audio/pcm");
  if (g_str_equal (name, "status") || g_str_equal (name, "object"))
    return g_str_has_prefix (type, "mcp_");
  return g_str_equal (type, "semantic_vad");
}

static void
judge_path (JsonNode *node, gchar **names, const gchar *path, const gchar *type)
{
  g_autofree gchar *name = g_strdup (names[0]);
  gboolean each = g_str_has_suffix (name, "[]");
  JsonObject *object;
  JsonNode *member;
  guint i;

  if (!JSON_NODE_HOLDS_OBJECT (node))
    return;
  if (each)
    name[strlen (name) - 2] = '\0';
  object = json_node_get_object (node);
  member = json_object_get_member (object, name);
  if (member == NULL && is_of_another_kind (name, object))
    return;
  if (member == NULL)
    g_error ("%s lacks '%s'", type, path);
  if (names[1] == NULL)
    return;
  for (i = 0; each && i < json_array_get_length (json_node_get_array (member));
       i++)
    judge_path (json_array_get_element (json_node_get_array (member), i),
        names + 1, path, type);
  if (!each)
    judge_path (member, names + 1, path, type);
}

/* Sessions of other kinds show themselves differently; their type follows a
 * slash. */
static gchar *
dup_kind (JsonObject *event)
{
  const gchar *type = json_object_get_string_member (event, "type");
  JsonNode *node = find (event, "session.type");
  const gchar *kind = node != NULL && JSON_NODE_HOLDS_VALUE (node)
      ? json_node_get_string (node)
      : "realtime";

  return g_str_equal (kind, "realtime") ? g_strdup (type)
                                        : g_strconcat (type, "/", kind, NULL);
}

static void
judge (JsonNode *root)
{
  JsonObject *event = json_node_get_object (root);
  g_autofree gchar *type = dup_kind (event);
  JsonArray *paths;
  guint i;

  if (!json_object_has_member (always_present (), type))
    g_error ("the real wire has no event %s", type);
  paths = json_object_get_array_member (always_present (), type);
  for (i = 0; i < json_array_get_length (paths); i++) {
    const gchar *path = json_array_get_string_element (paths, i);
    g_auto (GStrv) names = g_strsplit (path, ".", -1);

    judge_path (root, names, path, type);
  }
}

/* ---- the connection ---- */

static void
on_message (SoupWebsocketConnection *websocket, gint type, GBytes *message,
    gpointer data)
{
  Client *client = data;
  g_autoptr (JsonParser) parser = json_parser_new ();
  GError *error = NULL;
  JsonObject *event;
  gsize size;
  const gchar *text = g_bytes_get_data (message, &size);

  g_assert_cmpint (type, ==, SOUP_WEBSOCKET_DATA_TEXT);
  json_parser_load_from_data (parser, text, size, &error);
  g_assert_no_error (error);
  if (!client->lenient)
    judge (json_parser_get_root (parser));
  event = json_node_get_object (json_parser_get_root (parser));
  g_ptr_array_add (client->events, json_object_ref (event));
  if (g_str_has_suffix (json_text (event, "type"), ".output_audio.delta")) {
    g_autoptr (GByteArray) bytes = decode_base64 (json_text (event, "delta"));

    g_byte_array_append (client->audio, bytes->data, bytes->len);
  }
}

static void
on_closed (SoupWebsocketConnection *websocket, gpointer data)
{
  ((Client *) data)->closed = TRUE;
}

static void
on_connected (GObject *source, GAsyncResult *result, gpointer data)
{
  Client *client = data;

  client->websocket = soup_session_websocket_connect_finish (
      SOUP_SESSION (source), result, NULL);
  client->done = TRUE;
}

static gboolean
on_timeout (gpointer data)
{
  g_error ("nothing came for %d seconds while waiting for %s", TIMEOUT,
      (const gchar *) data);
  return G_SOURCE_REMOVE;
}

/* Runs the main loop until *flag, or until *count > limit. */
static void
run_until (const gboolean *flag, const guint *count, guint limit,
    const gboolean *closed, const gchar *what)
{
  guint timer = g_timeout_add_seconds (TIMEOUT, on_timeout, (gpointer) what);

  while (!(flag != NULL && *flag) && !(count != NULL && *count > limit)
      && !(closed != NULL && *closed))
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (timer);
}

static void
use_certificate (Client *client, Sandbox *sandbox)
{
  const gchar *path = sandbox_get_certificate_path (sandbox);
  g_autoptr (GTlsDatabase) database = NULL;
  GError *error = NULL;

  if (path == NULL)
    return;
  database = g_tls_file_database_new (path, &error);
  g_assert_no_error (error);
  soup_session_set_tls_database (client->session, database);
}

Client *
client_open (Sandbox *sandbox, const gchar *path, const gchar *const *headers,
    const gchar *const *protocols)
{
  Client *client = g_new0 (Client, 1);
  g_autoptr (SoupMessage) message = NULL;
  g_autofree gchar *uri = g_strdup_printf ("%s://127.0.0.1:%u%s",
      sandbox_get_certificate_path (sandbox) ? "https" : "http",
      sandbox_get_port (sandbox),
      path ? path : "/v1/realtime?model=gpt-realtime-2");

  client->session = soup_session_new ();
  client->translates = strstr (uri, "/translations") != NULL;
  client->events = g_ptr_array_new_with_free_func (
      (GDestroyNotify) json_object_unref);
  client->audio = g_byte_array_new ();
  use_certificate (client, sandbox);
  message = soup_message_new ("GET", uri);
  g_assert_nonnull (message);
  for (; headers != NULL && headers[0] != NULL; headers += 2)
    soup_message_headers_append (
        soup_message_get_request_headers (message), headers[0], headers[1]);
  soup_session_websocket_connect_async (client->session, message, NULL,
      (char **) protocols, G_PRIORITY_DEFAULT, NULL, on_connected, client);
  run_until (&client->done, NULL, 0, NULL, "the upgrade");
  client->status = soup_message_get_status (message);
  if (client->websocket == NULL)
    return client;
  soup_websocket_connection_set_max_incoming_payload_size (
      client->websocket, 64 * 1024 * 1024);
  g_signal_connect (
      client->websocket, "message", G_CALLBACK (on_message), client);
  g_signal_connect (
      client->websocket, "closed", G_CALLBACK (on_closed), client);
  return client;
}

void
client_free (Client *client)
{
  if (client->websocket != NULL) {
    g_signal_handlers_disconnect_by_data (client->websocket, client);
    g_io_stream_close (
        soup_websocket_connection_get_io_stream (client->websocket), NULL,
        NULL);
    g_object_unref (client->websocket);
  }
  soup_session_abort (client->session);
  g_object_unref (client->session);
  while (g_main_context_iteration (NULL, FALSE))
    continue;
  g_ptr_array_unref (client->events);
  g_byte_array_unref (client->audio);
  g_free (client);
}

void
client_send_text (Client *client, const gchar *text)
{
  soup_websocket_connection_send_text (client->websocket, text);
}

void
client_send (Client *client, const gchar *format, ...)
{
  g_autofree gchar *text = NULL;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  client_send_text (client, g_strdelimit (text, "'", '"'));
}

void
client_append (Client *client, gconstpointer data, gsize size)
{
  g_autofree gchar *audio = g_base64_encode (data, size);

  client_send (client, "{'type':'%sinput_audio_buffer.append','audio':'%s'}",
      client->translates ? "session." : "", audio);
}

void
client_append_pieces (
    Client *client, gconstpointer data, gsize size, gsize piece)
{
  const guint8 *at = data;

  while (size > 0) {
    gsize now = MIN (piece, size);

    client_append (client, at, now);
    at += now;
    size -= now;
  }
}

JsonObject *
client_next (Client *client)
{
  run_until (
      NULL, &client->events->len, client->taken, &client->closed, "any event");
  if (client->events->len <= client->taken)
    g_error ("the connection closed while an event was waited for");
  return g_ptr_array_index (client->events, client->taken++);
}

JsonObject *
client_wait (Client *client, const gchar *type)
{
  while (TRUE) {
    JsonObject *event;

    run_until (
        NULL, &client->events->len, client->taken, &client->closed, type);
    if (client->events->len <= client->taken)
      g_error ("the connection closed while %s was waited for", type);
    event = g_ptr_array_index (client->events, client->taken++);
    if (g_str_equal (json_text (event, "type"), type))
      return event;
  }
}

JsonObject *
client_expect_error (Client *client, const gchar *code)
{
  JsonObject *error = json_object_get_object_member (
      client_wait (client, "error"), "error");

  g_assert_cmpstr (json_text (error, "code"), ==, code);
  return error;
}

void
client_expect_refusal (
    Client *client, const gchar *event, const gchar *code, const gchar *param)
{
  JsonObject *error;

  client_send (client, "%s", event);
  error = client_expect_error (client, code);
  if (param != NULL)
    g_assert_cmpstr (json_text (error, "param"), ==, param);
  else
    g_assert_true (json_null (error, "param"));
}

void
client_expect_end (Client *client, const gchar *code, guint close_code)
{
  client_expect_error (client, code);
  g_assert_cmpuint (client_wait_closed (client), ==, close_code);
  client_free (client);
}

void
client_expect_no_way (Sandbox *sandbox, const gchar *path, const gchar *code)
{
  client_expect_end (client_open (sandbox, path, NULL, NULL), code, 4000);
}

JsonObject *
client_respond (Client *client, const gchar *params)
{
  if (params != NULL)
    client_send (client, "{'type':'response.create','response':%s}", params);
  else
    client_send (client, "{'type':'response.create'}");
  return json_object_get_object_member (
      client_wait (client, "response.done"), "response");
}

void
client_fence (Client *client)
{
  static guint count;
  g_autofree gchar *id = g_strdup_printf ("fence-%u", ++count);
  JsonObject *error;

  client_send (client,
      "{'type':'conversation.item.delete','event_id':'%s','item_id':'none'}",
      id);
  do {
    error = json_object_get_object_member (
        client_wait (client, "error"), "error");
  } while (json_null (error, "event_id")
      || !g_str_equal (json_text (error, "event_id"), id));
}

JsonObject *
client_configure (Client *client, const gchar *session)
{
  client_send (client, "{'type':'session.update','session':%s}", session);
  return json_object_get_object_member (
      client_wait (client, "session.updated"), "session");
}

guint
client_wait_closed (Client *client)
{
  run_until (&client->closed, NULL, 0, NULL, "the close");
  return soup_websocket_connection_get_close_code (client->websocket);
}

gint
client_index (Client *client, const gchar *type, guint nth)
{
  guint i;

  for (i = 0; i < client->events->len; i++) {
    JsonObject *event = g_ptr_array_index (client->events, i);

    if (g_str_equal (json_text (event, "type"), type) && nth-- == 0)
      return i;
  }
  return -1;
}

JsonObject *
client_event (Client *client, const gchar *type, guint nth)
{
  gint index = client_index (client, type, nth);

  if (index < 0)
    g_error ("there is no %s number %u", type, nth);
  return g_ptr_array_index (client->events, index);
}

guint
client_count (Client *client, const gchar *type)
{
  guint count = 0;

  while (client_index (client, type, count) >= 0)
    count++;
  return count;
}

void
client_expect_order (Client *client, guint nth, const gchar *const *types)
{
  gint before = -1;

  for (; *types != NULL; types++) {
    gint at = client_index (client, *types, nth);

    g_test_message ("%s at %d", *types, at);
    g_assert_cmpint (at, >, before);
    before = at;
  }
}

gchar *
client_join (Client *client, const gchar *type, const gchar *item_id)
{
  GString *text = g_string_new (NULL);
  guint i, count = client_count (client, type);

  for (i = 0; i < count; i++) {
    JsonObject *event = client_event (client, type, i);

    if (item_id == NULL || g_str_equal (json_text (event, "item_id"), item_id))
      g_string_append (text, json_text (event, "delta"));
  }
  return g_string_free (text, FALSE);
}

/* ---- the server ---- */

Sandbox *
start_sandbox (const SandboxOptions *options)
{
  GError *error = NULL;
  Sandbox *sandbox = sandbox_start_thread (options, &error);

  g_assert_no_error (error);
  g_assert_nonnull (sandbox);
  return sandbox;
}

Sandbox *
start_script (const gchar *script)
{
  g_autofree gchar *json = g_strdelimit (g_strdup (script), "'", '"');
  SandboxOptions options = { .script_json = json };

  return start_sandbox (&options);
}

void
fixture_open (Fixture *fixture, const gchar *path, const gchar *script)
{
  fixture->sandbox = start_script (script != NULL ? script : "{'turns':[]}");
  fixture->client = client_open (fixture->sandbox, path, NULL, NULL);
}

void
fixture_set_up (Fixture *fixture, gconstpointer data)
{
  fixture_open (fixture, NULL, data);
  client_wait (fixture->client, "session.created");
}

void
fixture_tear_down (Fixture *fixture, gconstpointer data)
{
  client_free (fixture->client);
  sandbox_stop_thread (fixture->sandbox);
}

/* ---- audio ---- */

static void
add_sample (GByteArray *pcm, gint value)
{
  guint8 bytes[2] = { value & 0xff, value >> 8 & 0xff };

  g_byte_array_append (pcm, bytes, 2);
}

void
add_silence (GByteArray *pcm, guint ms)
{
  guint size = pcm->len;

  if (ms == 0)
    return;
  g_byte_array_set_size (pcm, size + ms * 48);
  memset (pcm->data + size, 0, ms * 48);
}

GByteArray *
make_silence (guint ms)
{
  GByteArray *pcm = g_byte_array_new ();

  add_silence (pcm, ms);
  return pcm;
}

void
add_tone (GByteArray *pcm, guint ms, gint amplitude)
{
  guint i;

  for (i = 0; i < ms * 24; i++)
    add_sample (pcm, lrint (amplitude * sin (2 * G_PI * 300 * i / 24000)));
}

void
add_noise (GByteArray *pcm, guint ms, gdouble level_db)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  /* A uniform distribution's RMS is its half width over the root of 3. */
  gdouble half = 32768 * pow (10, level_db / 20) * sqrt (3);
  guint i;

  for (i = 0; i < ms * 24; i++)
    add_sample (pcm, lrint (g_rand_double_range (rand, -half, half)));
}

GByteArray *
decode_base64 (const gchar *text)
{
  gsize size = 0;
  guint8 *data = *text != '\0' ? g_base64_decode (text, &size) : NULL;

  return data != NULL ? g_byte_array_new_take (data, size)
                      : g_byte_array_new ();
}

/* 48 kHz mono WAV to 24 kHz, by the mean of pairs. */
GByteArray *
load_voice (void)
{
  g_autofree gchar *wav = NULL;
  GByteArray *pcm;
  gsize size, i;

  if (!g_file_get_contents (VOICE, &wav, &size, NULL)) {
    g_test_skip (VOICE " is missing: install alsa-utils");
    return NULL;
  }
  pcm = g_byte_array_new ();
  for (i = 44; i + 4 <= size; i += 4) {
    gint16 a = (gint16) ((guint8) wav[i] | (guint8) wav[i + 1] << 8);
    gint16 b = (gint16) ((guint8) wav[i + 2] | (guint8) wav[i + 3] << 8);

    add_sample (pcm, (a + b) / 2);
  }
  return pcm;
}
