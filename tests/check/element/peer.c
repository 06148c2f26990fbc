/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A script over the test server.
 */
#include "peer.h"

#include <gst/check/gstcheck.h>

#include "testserver.h"

struct _Peer {
  TestServer *server;

  GMutex lock;
  GCond changed;
  /* Under the lock, as all below. */
  guint connection;  /* the last one */
  gboolean open;     /* there is one */
  GPtrArray *events; /* JsonObject*, references */
  GByteArray *audio; /* of all appends */
  gboolean hold_created, hold_updated;
  gchar *created, *updated; /* kept back, or NULL */
};

/* --- the script --- */

static gchar *
to_text (JsonObject *object)
{
  JsonNode *node = json_node_init_object (json_node_alloc (), object);
  gchar *text = json_to_string (node, FALSE);

  json_node_unref (node);
  return text;
}

/* Sends @text (transfer full), or keeps it in @kept. With the lock held. */
static void
send_or_keep (Peer *peer, gboolean keep, gchar **kept, gchar *text)
{
  if (keep) {
    g_free (*kept);
    *kept = text;
    return;
  }
  test_server_send (peer->server, peer->connection, text);
  g_free (text);
}

static void
on_opened (TestServer *server, guint connection, gpointer user_data)
{
  Peer *peer = user_data;

  g_mutex_lock (&peer->lock);
  peer->server = server;
  peer->connection = connection;
  peer->open = TRUE;
  send_or_keep (peer, peer->hold_created, &peer->created,
      g_strdup_printf (
          "{\"type\":\"session.created\",\"event_id\":\"event_c\","
          "\"session\":{\"type\":\"realtime\",\"object\":\"realtime.session\","
          "\"id\":\"sess_%u\",\"model\":\"gpt-realtime-2\","
          "\"expires_at\":1789003600}}",
          connection));
  g_cond_broadcast (&peer->changed);
  g_mutex_unlock (&peer->lock);
}

/* The whole configuration comes back, as if it were all the server has. With
 * the lock held. */
static void
echo_config (Peer *peer, JsonObject *event)
{
  gchar *config = to_text (json_object_get_object_member (event, "session"));
  gchar *rest = config + 1;

  send_or_keep (peer, peer->hold_updated, &peer->updated,
      g_strdup_printf (
          "{\"type\":\"session.updated\",\"event_id\":\"event_u\","
          "\"session\":{\"object\":\"realtime.session\",\"id\":\"sess_%u\","
          "\"model\":\"gpt-realtime-2\",%s}",
          peer->connection, rest));
  g_free (config);
}

/* With the lock held. */
static void
keep_audio (Peer *peer, JsonObject *event)
{
  gsize size;
  guchar *data = g_base64_decode (
      json_object_get_string_member (event, "audio"), &size);

  g_byte_array_append (peer->audio, data, size);
  g_free (data);
}

static void
on_message (
    TestServer *server, guint connection, const gchar *text, gpointer user_data)
{
  Peer *peer = user_data;
  JsonNode *node = json_from_string (text, NULL);
  JsonObject *event;
  const gchar *type;

  g_assert_nonnull (node);
  event = json_node_get_object (node);
  type = json_object_get_string_member (event, "type");
  g_mutex_lock (&peer->lock);
  g_ptr_array_add (peer->events, json_object_ref (event));
  if (g_str_equal (type, "session.update"))
    echo_config (peer, event);
  else if (g_str_equal (type, "input_audio_buffer.append"))
    keep_audio (peer, event);
  g_cond_broadcast (&peer->changed);
  g_mutex_unlock (&peer->lock);
  json_node_unref (node);
}

Peer *
peer_new (void)
{
  static const TestServerScript script = {
    .opened = on_opened,
    .on_message = on_message,
  };
  Peer *peer = g_new0 (Peer, 1);

  g_mutex_init (&peer->lock);
  g_cond_init (&peer->changed);
  peer->events = g_ptr_array_new_with_free_func (
      (GDestroyNotify) json_object_unref);
  peer->audio = g_byte_array_new ();
  peer->server = test_server_new (TEST_TLS_NONE, &script, peer);
  return peer;
}

void
peer_free (Peer *peer)
{
  test_server_free (peer->server);
  g_ptr_array_unref (peer->events);
  g_byte_array_unref (peer->audio);
  g_free (peer->created);
  g_free (peer->updated);
  g_mutex_clear (&peer->lock);
  g_cond_clear (&peer->changed);
  g_free (peer);
}

gchar *
peer_dup_header (Peer *peer, guint i, const gchar *name)
{
  return test_server_dup_header (peer->server, i, name);
}

gchar *
peer_dup_url (Peer *peer)
{
  return test_server_dup_url (peer->server);
}

/* With the lock held. */
static void
let_go (Peer *peer, gchar **kept)
{
  if (*kept)
    test_server_send (peer->server, peer->connection, *kept);
  g_clear_pointer (kept, g_free);
}

void
peer_refuse (Peer *peer, guint status)
{
  test_server_refuse (
      peer->server, status, "{\"error\":{\"message\":\"No.\"}}", NULL);
}

guint
peer_count_requests (Peer *peer)
{
  return test_server_count_requests (peer->server);
}

void
peer_hold_created (Peer *peer, gboolean hold)
{
  g_mutex_lock (&peer->lock);
  peer->hold_created = hold;
  if (!hold)
    let_go (peer, &peer->created);
  g_mutex_unlock (&peer->lock);
}

void
peer_hold_updated (Peer *peer, gboolean hold)
{
  g_mutex_lock (&peer->lock);
  peer->hold_updated = hold;
  if (!hold)
    let_go (peer, &peer->updated);
  g_mutex_unlock (&peer->lock);
}

/* --- what the client said --- */

/* Index among all events of number @i of @type, or -1. With the lock held. */
static gint
find (Peer *peer, const gchar *type, guint i)
{
  for (guint k = 0; k < peer->events->len; k++) {
    JsonObject *event = g_ptr_array_index (peer->events, k);

    if (g_str_equal (json_object_get_string_member (event, "type"), type)
        && i-- == 0)
      return k;
  }
  return -1;
}

guint
peer_count (Peer *peer, const gchar *type)
{
  guint n = 0;

  g_mutex_lock (&peer->lock);
  while (find (peer, type, n) >= 0)
    n++;
  g_mutex_unlock (&peer->lock);
  return n;
}

JsonObject *
peer_event (Peer *peer, const gchar *type, guint i)
{
  gint64 deadline = g_get_monotonic_time () + PEER_PATIENCE;
  JsonObject *event = NULL;
  gint k;

  g_mutex_lock (&peer->lock);
  while ((k = find (peer, type, i)) < 0
      && g_cond_wait_until (&peer->changed, &peer->lock, deadline))
    ;
  if (k >= 0)
    event = g_ptr_array_index (peer->events, k);
  g_mutex_unlock (&peer->lock);
  fail_unless (k >= 0, "the client never sent %s number %u", type, i);
  return event;
}

guint
peer_place (Peer *peer, const gchar *type, guint i)
{
  gint k;

  g_mutex_lock (&peer->lock);
  k = find (peer, type, i);
  g_mutex_unlock (&peer->lock);
  fail_unless (k >= 0, "the client did not send %s number %u", type, i);
  return k;
}

void
peer_wait_audio (Peer *peer, gsize size)
{
  gint64 deadline = g_get_monotonic_time () + PEER_PATIENCE;
  gsize got;

  g_mutex_lock (&peer->lock);
  while (peer->audio->len < size
      && g_cond_wait_until (&peer->changed, &peer->lock, deadline))
    ;
  got = peer->audio->len;
  g_mutex_unlock (&peer->lock);
  fail_unless (got >= size,
      "the client sent %" G_GSIZE_FORMAT " of %" G_GSIZE_FORMAT
      " bytes of audio",
      got, size);
}

GByteArray *
peer_dup_audio (Peer *peer)
{
  GByteArray *copy = g_byte_array_new ();

  g_mutex_lock (&peer->lock);
  g_byte_array_append (copy, peer->audio->data, peer->audio->len);
  g_mutex_unlock (&peer->lock);
  return copy;
}

gsize
peer_append_size (Peer *peer, guint i)
{
  JsonObject *event = peer_event (peer, "input_audio_buffer.append", i);
  gsize size;

  g_free (
      g_base64_decode (json_object_get_string_member (event, "audio"), &size));
  return size;
}

/* --- what the server says --- */

static void
send_text (Peer *peer, const gchar *text)
{
  gint64 deadline = g_get_monotonic_time () + PEER_PATIENCE;

  g_mutex_lock (&peer->lock);
  while (!peer->open)
    if (!g_cond_wait_until (&peer->changed, &peer->lock, deadline))
      g_error ("the client does not connect");
  test_server_send (peer->server, peer->connection, text);
  g_mutex_unlock (&peer->lock);
}

void
peer_send (Peer *peer, const gchar *format, ...)
{
  gchar *text;
  va_list args;

  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  send_text (peer, text);
  g_free (text);
}

void
peer_drop (Peer *peer)
{
  guint connection;

  g_mutex_lock (&peer->lock);
  peer->open = FALSE;
  connection = peer->connection;
  g_mutex_unlock (&peer->lock);
  test_server_drop (peer->server, connection);
}

static gchar *
quote (const gchar *text)
{
  JsonNode *node = json_node_init_string (json_node_alloc (), text);
  gchar *quoted = json_to_string (node, FALSE);

  json_node_unref (node);
  return quoted;
}

void
peer_begin (Peer *peer, const gchar *response)
{
  peer_send (peer,
      "{\"type\":\"response.created\",\"event_id\":\"event_1\",\"response\":{"
      "\"object\":\"realtime.response\",\"id\":\"%s\","
      "\"status\":\"in_progress\",\"status_details\":null,\"output\":[],"
      "\"usage\":null,\"metadata\":null}}",
      response);
}

static void
send_item (Peer *peer, const gchar *type, const Spot *spot, const gchar *status,
    const gchar *content, const gchar *phase)
{
  gchar *field = phase ? g_strdup_printf ("\"phase\":\"%s\",", phase)
                       : g_strdup ("");

  peer_send (peer,
      "{\"type\":\"%s\",\"event_id\":\"event_2\",\"response_id\":\"%s\","
      "\"output_index\":%u,\"item\":{\"id\":\"%s\",\"type\":\"message\",%s"
      "\"status\":\"%s\",\"role\":\"assistant\",\"content\":[%s]}}",
      type, spot->response, spot->index, spot->item, field, status, content);
  g_free (field);
}

void
peer_item (Peer *peer, const Spot *spot, const gchar *phase)
{
  send_item (
      peer, "response.output_item.added", spot, "in_progress", "", phase);
}

void
peer_item_done (
    Peer *peer, const Spot *spot, const gchar *text, const gchar *phase)
{
  gchar *quoted = quote (text);
  gchar *content = g_strdup_printf (
      "{\"type\":\"output_audio\",\"transcript\":%s}", quoted);

  send_item (
      peer, "response.output_item.done", spot, "completed", content, phase);
  g_free (content);
  g_free (quoted);
}

/* An event of @spot with one more member, or none. */
static void
send_part (Peer *peer, const gchar *type, const Spot *spot, const gchar *member,
    const gchar *value)
{
  GString *text = g_string_new (NULL);

  g_string_printf (text,
      "{\"type\":\"%s\",\"event_id\":\"event_3\",\"response_id\":\"%s\","
      "\"item_id\":\"%s\",\"output_index\":%u,\"content_index\":0",
      type, spot->response, spot->item, spot->index);
  if (member)
    g_string_append_printf (text, ",\"%s\":%s", member, value);
  g_string_append_c (text, '}');
  send_text (peer, text->str);
  g_string_free (text, TRUE);
}

void
peer_audio (Peer *peer, const Spot *spot, gconstpointer data, gsize size)
{
  gchar *base64 = g_base64_encode (data, size);
  gchar *quoted = quote (base64);

  send_part (peer, "response.output_audio.delta", spot, "delta", quoted);
  g_free (quoted);
  g_free (base64);
}

void
peer_speech (
    Peer *peer, const Spot *spot, const Law *law, guint64 first, guint64 n)
{
  GBytes *speech = law_speech (law, first, n);
  gsize size;
  gconstpointer data = g_bytes_get_data (speech, &size);

  peer_audio (peer, spot, data, size);
  g_bytes_unref (speech);
}

void
peer_audio_done (Peer *peer, const Spot *spot)
{
  send_part (peer, "response.output_audio.done", spot, NULL, NULL);
}

void
peer_words (Peer *peer, const Spot *spot, const gchar *delta)
{
  gchar *quoted = quote (delta);

  send_part (
      peer, "response.output_audio_transcript.delta", spot, "delta", quoted);
  g_free (quoted);
}

void
peer_words_done (Peer *peer, const Spot *spot, const gchar *text)
{
  gchar *quoted = quote (text);

  send_part (peer, "response.output_audio_transcript.done", spot, "transcript",
      quoted);
  g_free (quoted);
}

void
peer_end (Peer *peer, const gchar *response, const gchar *status)
{
  peer_send (peer,
      "{\"type\":\"response.done\",\"event_id\":\"event_4\",\"response\":{"
      "\"object\":\"realtime.response\",\"id\":\"%s\",\"status\":\"%s\","
      "\"status_details\":null,\"output\":[],\"metadata\":null,"
      "\"usage\":{\"total_tokens\":253,\"input_tokens\":132,"
      "\"output_tokens\":121,\"input_token_details\":{\"text_tokens\":119,"
      "\"audio_tokens\":13,\"image_tokens\":0,\"cached_tokens\":64,"
      "\"cached_tokens_details\":{\"text_tokens\":64,\"audio_tokens\":0,"
      "\"image_tokens\":0}},\"output_token_details\":{\"text_tokens\":30,"
      "\"audio_tokens\":91}}}}",
      response, status);
}

void
peer_user_starts (Peer *peer, const gchar *item, guint ms)
{
  peer_send (peer,
      "{\"type\":\"input_audio_buffer.speech_started\","
      "\"event_id\":\"event_5\",\"audio_start_ms\":%u,\"item_id\":\"%s\"}",
      ms, item);
}

void
peer_user_stops (Peer *peer, const gchar *item, guint ms)
{
  peer_send (peer,
      "{\"type\":\"input_audio_buffer.speech_stopped\","
      "\"event_id\":\"event_6\",\"audio_end_ms\":%u,\"item_id\":\"%s\"}",
      ms, item);
}

void
peer_committed (Peer *peer, const gchar *item)
{
  peer_send (peer,
      "{\"type\":\"input_audio_buffer.committed\",\"event_id\":\"event_7\","
      "\"previous_item_id\":null,\"item_id\":\"%s\"}",
      item);
  peer_send (peer,
      "{\"type\":\"conversation.item.added\",\"event_id\":\"event_8\","
      "\"previous_item_id\":null,\"item\":{\"id\":\"%s\",\"type\":\"message\","
      "\"status\":\"completed\",\"role\":\"user\",\"content\":[{\"type\":"
      "\"input_audio\",\"transcript\":null}]}}",
      item);
}

void
peer_user_said (Peer *peer, const gchar *item, const gchar *text)
{
  gchar *quoted = quote (text);

  peer_send (peer,
      "{\"type\":\"conversation.item.input_audio_transcription.completed\","
      "\"event_id\":\"event_9\",\"item_id\":\"%s\",\"content_index\":0,"
      "\"transcript\":%s,\"usage\":{\"type\":\"duration\",\"seconds\":1}}",
      item, quoted);
  g_free (quoted);
}
