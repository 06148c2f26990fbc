/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A server that says exactly what a test wants at the moment it wants it.
 */
#include "agent.h"

#include <json-glib/json-glib.h>
#include <string.h>

/* Samples of one delta: not a multiple of any buffer. */
#define DELTA 1111
/* The ramp. */
#define LOWEST 8000
#define STEPS 20000

struct _Agent {
  TestServer *server;
  guint number; /* of this agent in the process */

  GMutex lock;
  GCond changed;
  /* Under the lock, as all below. */
  GPtrArray *received; /* JsonObject, client events of all connections */
  guint items;         /* made so far */
  guint responses;     /* likewise */
};

/* -- what comes ------------------------------------------------------------ */

static JsonObject *
parse (const gchar *text)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  g_autoptr (GError) error = NULL;

  json_parser_load_from_data (parser, text, -1, &error);
  g_assert_no_error (error);
  return json_object_ref (json_node_get_object (json_parser_get_root (parser)));
}

static const gchar *
type_of (JsonObject *event)
{
  return json_object_get_string_member (event, "type");
}

static gchar *
session_text (JsonObject *event)
{
  return json_to_string (json_object_get_member (event, "session"), FALSE);
}

static void
on_opened (TestServer *server, guint connection, gpointer data)
{
  test_server_send (server, connection,
      "{\"type\":\"session.created\",\"event_id\":\"event_c\",\"session\":{"
      "\"type\":\"realtime\",\"object\":\"realtime.session\",\"id\":\"sess_1\","
      "\"model\":\"gpt-realtime-2\",\"expires_at\":4102444800}}");
}

static void
answer (Agent *agent, guint connection, JsonObject *event)
{
  g_autofree gchar *session = NULL, *reply = NULL;

  if (g_str_equal (type_of (event), "session.update")) {
    session = session_text (event);
    reply = g_strdup_printf ("{\"type\":\"session.updated\","
                             "\"event_id\":\"event_u\",\"session\":%s}",
        session);
  } else if (g_str_equal (type_of (event), "conversation.item.truncate")) {
    reply = g_strdup_printf (
        "{\"type\":\"conversation.item.truncated\",\"event_id\":\"event_t\","
        "\"item_id\":\"%s\",\"content_index\":0,\"audio_end_ms\":%" G_GINT64_FORMAT
        "}",
        json_object_get_string_member (event, "item_id"),
        json_object_get_int_member (event, "audio_end_ms"));
  }
  if (reply != NULL)
    test_server_send (agent->server, connection, reply);
}

static void
on_message (
    TestServer *server, guint connection, const gchar *text, gpointer data)
{
  Agent *agent = data;
  JsonObject *event = parse (text);

  answer (agent, connection, event);
  g_mutex_lock (&agent->lock);
  g_ptr_array_add (agent->received, event);
  g_cond_broadcast (&agent->changed);
  g_mutex_unlock (&agent->lock);
}

static const TestServerScript script = { on_opened, on_message, NULL };

/* -- life -------------------------------------------------------------------
 */

Agent *
agent_new (void)
{
  static gint number;
  Agent *agent = g_new0 (Agent, 1);

  agent->number = g_atomic_int_add (&number, 1);
  g_mutex_init (&agent->lock);
  g_cond_init (&agent->changed);
  agent->received = g_ptr_array_new_with_free_func (
      (GDestroyNotify) json_object_unref);
  agent->server = test_server_new (TEST_TLS_NONE, &script, agent);
  return agent;
}

void
agent_free (Agent *agent)
{
  test_server_free (agent->server);
  g_ptr_array_unref (agent->received);
  g_mutex_clear (&agent->lock);
  g_cond_clear (&agent->changed);
  g_free (agent);
}

TestServer *
agent_get_server (Agent *agent)
{
  return agent->server;
}

gchar *
agent_dup_uri (Agent *agent)
{
  return g_strdup_printf (
      "ws://127.0.0.1:%u/v1/realtime", test_server_get_port (agent->server));
}

/* -- what goes --------------------------------------------------------------
 */

void
agent_send (Agent *agent, const gchar *format, ...)
{
  guint n = test_server_count_connections (agent->server);
  g_autofree gchar *text = NULL;
  va_list args;

  g_assert_cmpuint (n, >, 0);
  va_start (args, format);
  text = g_strdup_vprintf (format, args);
  va_end (args);
  test_server_send (agent->server, n - 1, text);
}

gint16
agent_sample (guint64 i)
{
  return LOWEST + i % STEPS;
}

gchar *
agent_dup_item_id (Agent *agent, guint item)
{
  return g_strdup_printf ("item_%u_%u", agent->number, item);
}

static gchar *
encode (guint first, guint n)
{
  g_autofree guint16 *samples = g_new (guint16, n);

  for (guint i = 0; i < n; i++)
    samples[i] = GUINT16_TO_LE ((guint16) agent_sample (first + i));
  return g_base64_encode ((guchar *) samples, n * sizeof *samples);
}

static void
send_audio (
    Agent *agent, guint response, guint index, const gchar *id, guint samples)
{
  for (guint first = 0; first < samples; first += DELTA) {
    g_autofree gchar *delta = encode (first, MIN (DELTA, samples - first));

    agent_send (agent,
        "{\"type\":\"response.output_audio.delta\",\"event_id\":\"event_d\","
        "\"response_id\":\"resp_%u\",\"item_id\":\"%s\",\"output_index\":%u,"
        "\"content_index\":0,\"delta\":\"%s\"}",
        response, id, index, delta);
  }
  agent_send (agent,
      "{\"type\":\"response.output_audio.done\",\"event_id\":\"event_d\","
      "\"response_id\":\"resp_%u\",\"item_id\":\"%s\",\"output_index\":%u,"
      "\"content_index\":0}",
      response, id, index);
}

#define ITEM                                                                   \
  "{\"type\":\"response.output_item.%s\",\"event_id\":\"event_i\","            \
  "\"response_id\":\"resp_%u\",\"output_index\":%u,\"item\":{"                 \
  "\"id\":\"%s\",\"type\":\"message\",\"status\":\"%s\","                      \
  "\"role\":\"assistant\",\"content\":[%s]}}"

static void
send_item (
    Agent *agent, guint response, guint index, const gchar *id, guint samples)
{
  agent_send (agent, ITEM, "added", response, index, id, "in_progress", "");
  send_audio (agent, response, index, id, samples);
  agent_send (agent, ITEM, "done", response, index, id, "completed",
      "{\"type\":\"output_audio\",\"transcript\":\"Said.\"}");
}

#define RESPONSE                                                               \
  "{\"type\":\"response.%s\",\"event_id\":\"event_r\",\"response\":{"          \
  "\"object\":\"realtime.response\",\"id\":\"resp_%u\",\"status\":\"%s\","     \
  "\"status_details\":null,\"output\":[],\"usage\":null}}"

guint
agent_say (Agent *agent, const guint *samples, guint n)
{
  guint response, first;

  g_mutex_lock (&agent->lock);
  response = agent->responses++;
  first = agent->items;
  agent->items += n;
  g_mutex_unlock (&agent->lock);

  agent_send (agent, RESPONSE, "created", response, "in_progress");
  for (guint i = 0; i < n; i++) {
    g_autofree gchar *id = agent_dup_item_id (agent, first + i);

    send_item (agent, response, i, id, samples[i]);
  }
  agent_send (agent, RESPONSE, "done", response, "completed");
  return first;
}

/* -- the record -------------------------------------------------------------
 */

/* With the lock held. */
static gboolean
has_update (Agent *agent, const gchar *text)
{
  for (guint i = 0; i < agent->received->len; i++) {
    JsonObject *event = g_ptr_array_index (agent->received, i);
    g_autofree gchar *session = NULL;

    if (!g_str_equal (type_of (event), "session.update"))
      continue;
    session = session_text (event);
    if (strstr (session, text) != NULL)
      return TRUE;
  }
  return FALSE;
}

void
agent_wait_update (Agent *agent, const gchar *text)
{
  gint64 deadline = g_get_monotonic_time () + TEST_SERVER_PATIENCE;

  g_mutex_lock (&agent->lock);
  while (!has_update (agent, text))
    if (!g_cond_wait_until (&agent->changed, &agent->lock, deadline))
      g_error ("no session.update with \"%s\" in time", text);
  g_mutex_unlock (&agent->lock);
}

AgentVerdict
agent_get_verdict (Agent *agent, guint item)
{
  g_autofree gchar *id = agent_dup_item_id (agent, item);
  AgentVerdict verdict = { 0 };

  g_mutex_lock (&agent->lock);
  for (guint i = 0; i < agent->received->len; i++) {
    JsonObject *event = g_ptr_array_index (agent->received, i);

    if (!json_object_has_member (event, "item_id")
        || !g_str_equal (json_object_get_string_member (event, "item_id"), id))
      continue;
    if (g_str_equal (type_of (event), "conversation.item.delete")) {
      g_assert_false (verdict.deleted);
      verdict.deleted = TRUE;
    } else if (g_str_equal (type_of (event), "conversation.item.truncate")) {
      g_assert_false (verdict.truncated);
      verdict.truncated = TRUE;
      verdict.audio_end_ms = json_object_get_int_member (event, "audio_end_ms");
    }
  }
  g_mutex_unlock (&agent->lock);
  g_assert_false (verdict.deleted && verdict.truncated);
  return verdict;
}

guint
agent_count (Agent *agent, const gchar *type)
{
  guint n = 0;

  g_mutex_lock (&agent->lock);
  for (guint i = 0; i < agent->received->len; i++)
    if (g_str_equal (type_of (g_ptr_array_index (agent->received, i)), type))
      n++;
  g_mutex_unlock (&agent->lock);
  return n;
}
