/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A server that says exactly what a test wants at the moment it wants it.
 */
#include "agent.h"

#include <json-glib/json-glib.h>
#include <string.h>

#define RATE 24000
/* Samples of the largest delta of agent_say(). */
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
  GHashTable *said;    /* id of an item that exists -> samples sent */
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

/* Samples of an item that were sent; FALSE if there is no such item. */
static gboolean
lookup_said (Agent *agent, const gchar *id, guint *samples)
{
  gpointer value;
  gboolean found;

  g_mutex_lock (&agent->lock);
  found = g_hash_table_lookup_extended (agent->said, id, NULL, &value);
  g_mutex_unlock (&agent->lock);
  *samples = found ? GPOINTER_TO_UINT (value) : 0;
  return found;
}

static gchar *
refuse (const gchar *reason, const gchar *id)
{
  return g_strdup_printf (
      "{\"type\":\"error\",\"event_id\":\"event_e\",\"error\":{"
      "\"type\":\"invalid_request_error\",\"code\":\"invalid_value\","
      "\"message\":\"%s: %s\",\"param\":null,\"event_id\":null}}",
      reason, id);
}

static gchar *
answer_update (Agent *agent, JsonObject *event)
{
  g_autofree gchar *session = session_text (event);

  return g_strdup_printf ("{\"type\":\"session.updated\","
                          "\"event_id\":\"event_u\",\"session\":%s}",
      session);
}

static gchar *
answer_truncate (Agent *agent, JsonObject *event)
{
  const gchar *id = json_object_get_string_member (event, "item_id");
  gint64 ms = json_object_get_int_member (event, "audio_end_ms");
  guint samples;

  if (!lookup_said (agent, id, &samples))
    return refuse ("no such item to truncate", id);
  if (ms < 0 || ms * (RATE / 1000) > samples)
    return refuse ("it is shorter than that", id);
  return g_strdup_printf (
      "{\"type\":\"conversation.item.truncated\",\"event_id\":\"event_t\","
      "\"item_id\":\"%s\",\"content_index\":0,"
      "\"audio_end_ms\":%" G_GINT64_FORMAT "}",
      id, ms);
}

static gchar *
answer_delete (Agent *agent, JsonObject *event)
{
  const gchar *id = json_object_get_string_member (event, "item_id");
  gboolean known;

  g_mutex_lock (&agent->lock);
  known = g_hash_table_remove (agent->said, id);
  g_mutex_unlock (&agent->lock);
  if (!known)
    return refuse ("no such item to delete", id);
  return g_strdup_printf ("{\"type\":\"conversation.item.deleted\","
                          "\"event_id\":\"event_t\",\"item_id\":\"%s\"}",
      id);
}

static void
answer (Agent *agent, guint connection, JsonObject *event)
{
  static const struct {
    const gchar *type;
    gchar *(*answer) (Agent *agent, JsonObject *event);
  } answers[] = { { "session.update", answer_update },
    { "conversation.item.truncate", answer_truncate },
    { "conversation.item.delete", answer_delete } };

  for (guint i = 0; i < G_N_ELEMENTS (answers); i++) {
    g_autofree gchar *reply = NULL;

    if (!g_str_equal (type_of (event), answers[i].type))
      continue;
    reply = answers[i].answer (agent, event);
    test_server_send (agent->server, connection, reply);
  }
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
  agent->said = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  agent->server = test_server_new (TEST_TLS_NONE, &script, agent);
  return agent;
}

void
agent_free (Agent *agent)
{
  test_server_free (agent->server);
  g_ptr_array_unref (agent->received);
  g_hash_table_unref (agent->said);
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

void
agent_sync (Agent *agent, Stage *stage)
{
  agent_send (agent,
      "{\"type\":\"rate_limits.updated\",\"event_id\":\"event_l\","
      "\"rate_limits\":[]}");
  stage_wait (stage, "realtime2/rate-limits");
}

void
agent_user_starts (Agent *agent, guint turn)
{
  agent_send (agent,
      "{\"type\":\"input_audio_buffer.speech_started\",\"event_id\":\"event_s\","
      "\"audio_start_ms\":0,\"item_id\":\"item_user_%u\"}",
      turn);
}

void
agent_user_stops (Agent *agent, guint turn)
{
  agent_send (agent,
      "{\"type\":\"input_audio_buffer.speech_stopped\",\"event_id\":\"event_s\","
      "\"audio_end_ms\":0,\"item_id\":\"item_user_%u\"}",
      turn);
  agent_send (agent,
      "{\"type\":\"input_audio_buffer.committed\",\"event_id\":\"event_s\","
      "\"previous_item_id\":null,\"item_id\":\"item_user_%u\"}",
      turn);
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
note_said (Agent *agent, const gchar *id, guint samples)
{
  g_mutex_lock (&agent->lock);
  g_hash_table_insert (agent->said, g_strdup (id), GUINT_TO_POINTER (samples));
  g_mutex_unlock (&agent->lock);
}

struct _AgentAnswer {
  Agent *agent;
  guint response, first; /* numbers of the response and of its first item */
  guint n, *lengths;     /* samples of each item */
  guint largest;         /* samples of a delta */
  guint item, at;        /* what goes next: this item, from this sample on */
  gboolean announced;    /* that item is */
  gboolean ended;        /* response.done is sent */
  guint64 sent;          /* samples in all */
};

#define ITEM                                                                   \
  "{\"type\":\"response.output_item.%s\",\"event_id\":\"event_i\","            \
  "\"response_id\":\"resp_%u\",\"output_index\":%u,\"item\":{"                 \
  "\"id\":\"%s\",\"type\":\"message\",\"status\":\"%s\","                      \
  "\"role\":\"assistant\",\"content\":[%s]}}"

static void
send_delta (AgentAnswer *answer, const gchar *id, guint n)
{
  g_autofree gchar *delta = encode (answer->at, n);

  note_said (answer->agent, id, answer->at + n);
  agent_send (answer->agent,
      "{\"type\":\"response.output_audio.delta\",\"event_id\":\"event_d\","
      "\"response_id\":\"resp_%u\",\"item_id\":\"%s\",\"output_index\":%u,"
      "\"content_index\":0,\"delta\":\"%s\"}",
      answer->response, id, answer->item, delta);
}

static void
send_item_done (AgentAnswer *answer, const gchar *id)
{
  agent_send (answer->agent,
      "{\"type\":\"response.output_audio.done\",\"event_id\":\"event_d\","
      "\"response_id\":\"resp_%u\",\"item_id\":\"%s\",\"output_index\":%u,"
      "\"content_index\":0}",
      answer->response, id, answer->item);
  agent_send (answer->agent, ITEM, "done", answer->response, answer->item, id,
      "completed", "{\"type\":\"output_audio\",\"transcript\":\"Said.\"}");
}

#define RESPONSE                                                               \
  "{\"type\":\"response.%s\",\"event_id\":\"event_r\",\"response\":{"          \
  "\"object\":\"realtime.response\",\"id\":\"resp_%u\",\"status\":\"%s\","     \
  "\"status_details\":null,\"output\":[],\"usage\":null}}"

AgentAnswer *
agent_answer_new (Agent *agent, const guint *samples, guint n, guint largest)
{
  AgentAnswer *answer = g_new0 (AgentAnswer, 1);

  answer->agent = agent;
  answer->n = n;
  answer->lengths = g_memdup2 (samples, n * sizeof *samples);
  answer->largest = largest;
  g_mutex_lock (&agent->lock);
  answer->response = agent->responses++;
  answer->first = agent->items;
  agent->items += n;
  g_mutex_unlock (&agent->lock);
  agent_send (agent, RESPONSE, "created", answer->response, "in_progress");
  return answer;
}

void
agent_answer_free (AgentAnswer *answer)
{
  g_free (answer->lengths);
  g_free (answer);
}

guint
agent_answer_first (AgentAnswer *answer)
{
  return answer->first;
}

/* The next event or two: an item's beginning, or a delta of it, and its end. */
static void
send_piece (AgentAnswer *answer)
{
  g_autofree gchar *id = agent_dup_item_id (
      answer->agent, answer->first + answer->item);
  guint left = answer->lengths[answer->item] - answer->at;
  guint n = g_test_rand_int_range (1, answer->largest + 1);

  if (!answer->announced) {
    note_said (answer->agent, id, 0);
    agent_send (answer->agent, ITEM, "added", answer->response, answer->item,
        id, "in_progress", "");
    answer->announced = TRUE;
    return;
  }
  n = MIN (n, left);
  send_delta (answer, id, n);
  answer->at += n;
  answer->sent += n;
  if (n < left)
    return;
  send_item_done (answer, id);
  answer->item++;
  answer->at = 0;
  answer->announced = FALSE;
}

static void
end_answer (AgentAnswer *answer, const gchar *status)
{
  agent_send (answer->agent, RESPONSE, "done", answer->response, status);
  answer->ended = TRUE;
}

gboolean
agent_answer_go_on (AgentAnswer *answer, guint64 samples)
{
  if (answer->ended || answer->sent >= samples)
    return FALSE;
  while (answer->item < answer->n && answer->sent < samples)
    send_piece (answer);
  if (answer->item == answer->n)
    end_answer (answer, "completed");
  return TRUE;
}

gboolean
agent_answer_sent (AgentAnswer *answer, guint i, guint *samples)
{
  *samples = i < answer->item ? answer->lengths[i]
      : i == answer->item     ? answer->at
                              : 0;
  return i < answer->item || (i == answer->item && answer->announced);
}

void
agent_answer_cut (AgentAnswer *answer)
{
  if (answer->ended)
    return;
  for (guint i = g_test_rand_int_range (0, 4); i > 0; i--)
    if (answer->item < answer->n)
      send_piece (answer);
  end_answer (answer, "cancelled");
}

guint
agent_say (Agent *agent, const guint *samples, guint n)
{
  AgentAnswer *answer = agent_answer_new (agent, samples, n, DELTA);
  guint first = answer->first;

  agent_answer_go_on (answer, G_MAXUINT64);
  agent_answer_free (answer);
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

void
agent_forget (Agent *agent)
{
  g_mutex_lock (&agent->lock);
  g_ptr_array_set_size (agent->received, 0);
  g_hash_table_remove_all (agent->said);
  g_mutex_unlock (&agent->lock);
  test_server_forget (agent->server);
}
