/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads what passes the relays.
 */
#include "chaosaudit.h"

#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

#include "chaoscode.h"

#define APPEND "{\"type\":\"input_audio_buffer.append\",\"audio\":\""
#define DELTA "response.output_audio.delta"
/* Bytes in which the type of an event is found. */
#define BEGINNING 160
#define TEXTS 4096
#define MS (CHAOS_RATE / 1000)

/* One connection. */
typedef struct {
  GByteArray *audio;   /* that was sent on it */
  GHashTable *speech;  /* item id -> Speech */
  GHashTable *outputs; /* call id -> how many came here */
  GArray *turns;       /* guint: those that no response is to yet */
} Line;

typedef struct {
  gint64 start, end; /* ms */
} Speech;

typedef struct {
  GArray *turns; /* guint: it is the first response to these */
  guint heard;   /* ms */
  guint number;  /* among all, from 1 */
} Response;

struct _ChaosAudit {
  GMutex lock;
  /* Under the lock, as all below. */
  GHashTable *lines;          /* number -> Line, while open */
  GHashTable *responses;      /* id -> Response */
  GHashTable *calls;          /* id, as a set: all that servers made */
  GHashTable *outputs;        /* call id -> outputs that came on any line */
  guint heard[CHAOS_NUMBERS]; /* times that a turn was committed whole */
  guint first[CHAOS_NUMBERS]; /* number of the first response to it, or 0 */
  gboolean texts[TEXTS];
  guint n_lines, n_responses, twice, too_many_outputs, errors;
};

static void
line_free (gpointer data)
{
  Line *line = data;

  g_byte_array_unref (line->audio);
  g_hash_table_unref (line->speech);
  g_hash_table_unref (line->outputs);
  g_array_unref (line->turns);
  g_free (line);
}

static void
response_free (gpointer data)
{
  Response *response = data;

  g_array_unref (response->turns);
  g_free (response);
}

ChaosAudit *
chaos_audit_new (void)
{
  ChaosAudit *audit = g_new0 (ChaosAudit, 1);

  g_mutex_init (&audit->lock);
  audit->lines = g_hash_table_new_full (NULL, NULL, NULL, line_free);
  audit->responses = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, response_free);
  audit->outputs = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, NULL);
  audit->calls = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return audit;
}

static Line *
get_line (ChaosAudit *audit, guint number)
{
  Line *line = g_hash_table_lookup (audit->lines, GUINT_TO_POINTER (number));

  if (line != NULL)
    return line;
  line = g_new0 (Line, 1);
  line->audio = g_byte_array_new ();
  line->speech = g_hash_table_new_full (
      g_str_hash, g_str_equal, g_free, g_free);
  line->outputs = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  line->turns = g_array_new (FALSE, FALSE, sizeof (guint));
  audit->n_lines++;
  g_hash_table_insert (audit->lines, GUINT_TO_POINTER (number), line);
  return line;
}

/* --- JSON --- */

/* What a server of evil mind puts there may be anything. */
static const gchar *
get_string (JsonObject *object, const gchar *name)
{
  JsonNode *node = object ? json_object_get_member (object, name) : NULL;

  return node && JSON_NODE_HOLDS_VALUE (node)
          && json_node_get_value_type (node) == G_TYPE_STRING
      ? json_node_get_string (node)
      : "";
}

static gint64
get_int (JsonObject *object, const gchar *name)
{
  JsonNode *node = json_object_get_member (object, name);

  return node && JSON_NODE_HOLDS_VALUE (node)
          && json_node_get_value_type (node) == G_TYPE_INT64
      ? json_node_get_int (node)
      : 0;
}

static JsonObject *
get_object (JsonObject *object, const gchar *name)
{
  JsonNode *node = object ? json_object_get_member (object, name) : NULL;

  return node && JSON_NODE_HOLDS_OBJECT (node) ? json_node_get_object (node)
                                               : NULL;
}

/* --- what the client says --- */

static void
take_audio (Line *line, gchar *base64)
{
  gchar *end = strchr (base64, '"');
  gsize size;

  if (end == NULL)
    return;
  *end = '\0';
  g_base64_decode_inplace (base64, &size);
  g_byte_array_append (line->audio, (const guint8 *) base64, size);
}

static guint
add_one (GHashTable *table, const gchar *id)
{
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (table, id)) + 1;

  g_hash_table_replace (table, g_strdup (id), GUINT_TO_POINTER (n));
  return n;
}

static void
take_output (ChaosAudit *audit, Line *line, JsonObject *item)
{
  const gchar *id = get_string (item, "call_id");

  if (add_one (line->outputs, id) > 1)
    audit->too_many_outputs++;
  add_one (audit->outputs, id);
}

static void
take_text (ChaosAudit *audit, const gchar *text)
{
  const gchar *note = strstr (text, "\"Note ");
  guint n;

  if (note != NULL && sscanf (note, "\"Note %u.", &n) == 1 && n < TEXTS)
    audit->texts[n] = TRUE;
}

static void
take_item (ChaosAudit *audit, Line *line, JsonObject *event, const gchar *text)
{
  JsonObject *item = get_object (event, "item");

  if (g_str_equal (get_string (item, "type"), "function_call_output"))
    take_output (audit, line, item);
  else if (g_str_equal (get_string (item, "role"), "user"))
    take_text (audit, text);
}

/* --- what the server says --- */

static Speech *
get_speech (Line *line, const gchar *id)
{
  Speech *speech = g_hash_table_lookup (line->speech, id);

  if (speech == NULL) {
    speech = g_new0 (Speech, 1);
    g_hash_table_insert (line->speech, g_strdup (id), speech);
  }
  return speech;
}

static void
take_turn (ChaosAudit *audit, Line *line, guint turn)
{
  audit->heard[turn]++;
  for (guint i = 0; i < line->turns->len; i++)
    audit->twice += g_array_index (line->turns, guint, i) == turn;
  g_array_append_val (line->turns, turn);
}

static void
take_commit (ChaosAudit *audit, Line *line, const gchar *id)
{
  const Speech *speech = g_hash_table_lookup (line->speech, id);
  gsize n = line->audio->len / 2, end;
  gsize at;
  gint turn;

  if (speech == NULL)
    return;
  end = MIN (n, (gsize) MAX (speech->end, 0) * MS);
  at = MIN (end, (gsize) MAX (speech->start, 0) * MS);
  while ((turn = chaos_code_find ((const gint16 *) line->audio->data, end, &at))
      >= 0)
    take_turn (audit, line, turn);
}

static void
take_response (ChaosAudit *audit, Line *line, JsonObject *object)
{
  Response *response;

  /* Out of band. */
  if (g_str_equal (get_string (object, "conversation_id"), ""))
    return;
  response = g_new0 (Response, 1);
  response->number = ++audit->n_responses;
  response->turns = line->turns;
  line->turns = g_array_new (FALSE, FALSE, sizeof (guint));
  for (guint i = 0; i < response->turns->len; i++) {
    guint turn = g_array_index (response->turns, guint, i);

    if (audit->first[turn] == 0)
      audit->first[turn] = response->number;
  }
  g_hash_table_replace (
      audit->responses, g_strdup (get_string (object, "id")), response);
}

static void
take_server_event (
    ChaosAudit *audit, Line *line, const gchar *type, JsonObject *event)
{
  const gchar *id = get_string (event, "item_id");
  JsonObject *item = get_object (event, "item");

  if (g_str_equal (type, "input_audio_buffer.speech_started"))
    get_speech (line, id)->start = get_int (event, "audio_start_ms");
  else if (g_str_equal (type, "input_audio_buffer.speech_stopped"))
    get_speech (line, id)->end = get_int (event, "audio_end_ms");
  else if (g_str_equal (type, "input_audio_buffer.committed"))
    take_commit (audit, line, id);
  else if (g_str_equal (type, "response.created"))
    take_response (audit, line, get_object (event, "response"));
  else if (g_str_equal (type, "response.output_item.done")
      && g_str_equal (get_string (item, "type"), "function_call"))
    g_hash_table_add (audit->calls, g_strdup (get_string (item, "call_id")));
  else if (g_str_equal (type, "error"))
    audit->errors++;
}

static void
take_event (
    ChaosAudit *audit, Line *line, gboolean up, const gchar *text, gsize size)
{
  g_autoptr (JsonParser) parser = json_parser_new ();
  JsonNode *root;
  JsonObject *event;

  if (!json_parser_load_from_data (parser, text, size, NULL))
    return;
  root = json_parser_get_root (parser);
  if (root == NULL || !JSON_NODE_HOLDS_OBJECT (root))
    return;
  event = json_node_get_object (root);
  if (!up)
    take_server_event (audit, line, get_string (event, "type"), event);
  else if (g_str_equal (get_string (event, "type"), "conversation.item.create"))
    take_item (audit, line, event, text);
}

void
chaos_audit_message (
    gpointer data, guint link, gboolean up, gchar *text, gsize size)
{
  ChaosAudit *audit = data;

  g_mutex_lock (&audit->lock);
  if (up && g_str_has_prefix (text, APPEND))
    take_audio (get_line (audit, link), text + strlen (APPEND));
  else if (g_strstr_len (text, BEGINNING, DELTA) == NULL)
    take_event (audit, get_line (audit, link), up, text, size);
  g_mutex_unlock (&audit->lock);
}

void
chaos_audit_over (gpointer data, guint link)
{
  ChaosAudit *audit = data;

  g_mutex_lock (&audit->lock);
  g_hash_table_remove (audit->lines, GUINT_TO_POINTER (link));
  g_mutex_unlock (&audit->lock);
}

/* --- what it comes to --- */

void
chaos_audit_heard (ChaosAudit *audit, const gchar *id, guint ms)
{
  Response *response;

  g_mutex_lock (&audit->lock);
  response = g_hash_table_lookup (audit->responses, id);
  if (response != NULL)
    response->heard = ms;
  g_mutex_unlock (&audit->lock);
}

static guint
count_answers (ChaosAudit *audit, guint turn)
{
  GHashTableIter iter;
  gpointer value;
  guint n = 0;

  g_hash_table_iter_init (&iter, audit->responses);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    const Response *response = value;

    for (guint i = 0; response->heard > 0 && i < response->turns->len; i++)
      n += g_array_index (response->turns, guint, i) == turn;
  }
  return n;
}

/* Whether a response to the turn, or one that follows from it, as after a
 * function call, was heard. */
gboolean
chaos_audit_is_answered (ChaosAudit *audit, guint turn)
{
  gboolean answered = FALSE;
  GHashTableIter iter;
  gpointer value;

  g_mutex_lock (&audit->lock);
  g_hash_table_iter_init (&iter, audit->responses);
  while (g_hash_table_iter_next (&iter, NULL, &value)) {
    const Response *response = value;

    answered |= audit->first[turn] != 0 && response->heard > 0
        && response->number >= audit->first[turn];
  }
  g_mutex_unlock (&audit->lock);
  return answered;
}

static gint64
sum_turns (ChaosAudit *audit, const gchar *figure, guint n)
{
  gint64 sum = 0;

  for (guint i = 0; i < n; i++) {
    if (g_str_equal (figure, "heard"))
      sum += audit->heard[i] > 0;
    else if (g_str_equal (figure, "again"))
      sum += audit->heard[i] > 1;
    else if (g_str_equal (figure, "answered"))
      sum += count_answers (audit, i) > 0;
    else if (g_str_equal (figure, "answered-twice"))
      sum += count_answers (audit, i) > 1;
    else
      g_error ("there is no figure \"%s\"", figure);
  }
  return sum;
}

static gint64
sum (ChaosAudit *audit, const gchar *figure, guint n)
{
  if (g_str_equal (figure, "connections"))
    return audit->n_lines;
  if (g_str_equal (figure, "calls"))
    return g_hash_table_size (audit->calls);
  if (g_str_equal (figure, "outputs-too-many"))
    return audit->too_many_outputs;
  if (g_str_equal (figure, "responses"))
    return g_hash_table_size (audit->responses);
  if (g_str_equal (figure, "twice"))
    return audit->twice;
  if (g_str_equal (figure, "errors"))
    return audit->errors;
  return sum_turns (audit, figure, n);
}

gint64
chaos_audit_sum (ChaosAudit *audit, const gchar *figure, guint n)
{
  gint64 result;

  g_mutex_lock (&audit->lock);
  result = sum (audit, figure, n);
  g_mutex_unlock (&audit->lock);
  return result;
}

gboolean
chaos_audit_has_output (ChaosAudit *audit, const gchar *call_id)
{
  gboolean has;

  g_mutex_lock (&audit->lock);
  has = g_hash_table_contains (audit->outputs, call_id);
  g_mutex_unlock (&audit->lock);
  return has;
}

gint
chaos_audit_next_lost (ChaosAudit *audit, guint turn, guint n)
{
  g_mutex_lock (&audit->lock);
  while (turn < n && audit->heard[turn] > 0)
    turn++;
  g_mutex_unlock (&audit->lock);
  return turn < n ? (gint) turn : -1;
}

gint
chaos_audit_next_lost_text (ChaosAudit *audit, guint text, guint n)
{
  g_mutex_lock (&audit->lock);
  while (text < n && audit->texts[text])
    text++;
  g_mutex_unlock (&audit->lock);
  return text < n ? (gint) text : -1;
}
