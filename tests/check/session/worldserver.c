/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The server of the world: one conversation, one response at a time in it, any
 * number beside it, a VAD that hears what is not silence.
 */
#include "world.h"

#include "rt2json.h"

/* Items that a response has at most, and what a turn's VAD needs to begin. */
#define MAX_ITEMS 3
#define MIN_SOUND_MS 40
/* The least that can be committed, ms. */
#define MIN_COMMIT_MS 100
#define SILENT_BYTE 0xff
#define PIECE (WORLD_PIECE_MS * WORLD_SAMPLES_PER_MS)
/* A longer pause parts two stretches of speech. */
#define GAP_MS (RT2_LOUDNESS_GAP / WORLD_MS)

/* --- saying --- */

Packet *
world_packet (GQueue *down, PacketKind kind, gchar *json)
{
  Packet *packet = g_new0 (Packet, 1);

  packet->kind = kind;
  packet->json = json;
  g_queue_push_tail (down, packet);
  return packet;
}

void
world_packet_free (gpointer data)
{
  Packet *packet = data;

  g_free (packet->json);
  g_free (packet);
}

/* Takes @json over. */
static Packet *
say (World *world, PacketKind kind, gchar *json)
{
  return world_packet (&world->down, kind, json);
}

static Packet *
say_of (World *world, PacketKind kind, Answer *answer, Item *item, gchar *json)
{
  Packet *packet = say (world, kind, json);

  packet->answer = answer;
  packet->item = item;
  return packet;
}

static Packet *
say_error (
    World *world, PacketKind kind, const gchar *code, const gchar *event_id)
{
  gboolean named = event_id && world->setup.names_event;

  return say (world, kind,
      g_strdup_printf ("{\"type\":\"error\",\"error\":{\"type\":"
                       "\"invalid_request_error\",\"code\":\"%s\","
                       "\"message\":\"no\",\"event_id\":%s%s%s}}",
          code, named ? "\"" : "", named ? event_id : "null",
          named ? "\"" : ""));
}

static gchar *
new_id (World *world, const gchar *prefix)
{
  return g_strdup_printf ("%s_%u", prefix, ++world->numbers);
}

/* --- items --- */

static Item *
new_item (World *world, ItemKind kind, Answer *answer)
{
  Item *item = g_new0 (Item, 1);

  item->id = new_id (world, "item");
  item->kind = kind;
  item->answer = answer;
  item->connection = world->connection;
  if (kind == ITEM_CALL)
    item->call_id = new_id (world, "call");
  g_ptr_array_add (world->items, item);
  if (answer)
    g_ptr_array_add (answer->items, item);
  return item;
}

/* @item as JSON: as it begins, or as it is in the end. */
static gchar *
item_json (const Item *item, gboolean begins)
{
  const gchar *status = begins ? "in_progress"
      : item->done             ? "completed"
                               : "incomplete";

  switch (item->kind) {
    case ITEM_USER:
      return g_strdup_printf (
          "{\"id\":\"%s\",\"type\":\"message\",\"status\":\"completed\","
          "\"role\":\"user\",\"content\":[{\"type\":\"input_audio\"}]}",
          item->id);
    case ITEM_CALL:
      return g_strdup_printf (
          "{\"id\":\"%s\",\"type\":\"function_call\",\"status\":\"%s\","
          "\"call_id\":\"%s\",\"name\":\"look\",\"arguments\":\"%s\"}",
          item->id, status, item->call_id, begins ? "" : "{}");
    case ITEM_WRITING:
    case ITEM_SPEECH:
      return g_strdup_printf (
          "{\"id\":\"%s\",\"type\":\"message\",\"status\":\"%s\","
          "\"role\":\"assistant\",\"content\":[]}",
          item->id, status);
  }
  g_assert_not_reached ();
}

static void
say_item (World *world, PacketKind kind, Item *item, const gchar *type,
    gboolean begins)
{
  gchar *json = item_json (item, begins);

  say_of (world, kind, item->answer, item,
      g_strdup_printf ("{\"type\":\"response.output_item.%s\","
                       "\"response_id\":\"%s\",\"output_index\":%u,"
                       "\"item\":%s}",
          type, item->answer->id, item->answer->items->len - 1, json));
  g_free (json);
}

static void
say_in_conversation (World *world, Item *item, gboolean begins)
{
  gchar *json = item_json (item, begins);

  if (!item->answer || !item->answer->out_of_band)
    say (world, PACKET_OTHER,
        g_strdup_printf ("{\"type\":\"conversation.item.%s\",\"item\":%s}",
            begins ? "added" : "done", json));
  g_free (json);
}

static void
say_part (World *world, PacketKind kind, Item *item, const gchar *type,
    const gchar *member, const gchar *value)
{
  say_of (world, kind, item->answer, item,
      g_strdup_printf ("{\"type\":\"response.%s\",\"response_id\":\"%s\","
                       "\"item_id\":\"%s\",\"output_index\":0,"
                       "\"content_index\":0,\"%s\":\"%s\"}",
          type, item->answer->id, item->id, member, value));
}

/* --- responses --- */

Answer *
world_server_active (World *world)
{
  for (guint i = world->answers->len; i > 0; i--) {
    Answer *answer = g_ptr_array_index (world->answers, i - 1);

    if (answer->running && !answer->out_of_band)
      return answer;
  }
  return NULL;
}

Answer *
world_server_planned (World *world)
{
  for (guint i = world->answers->len; i > 0; i--) {
    Answer *answer = g_ptr_array_index (world->answers, i - 1);

    if (answer->planned)
      return answer;
  }
  return NULL;
}

static Answer *
new_answer (World *world, Create *create)
{
  Answer *answer = g_new0 (Answer, 1);

  answer->id = new_id (world, "resp");
  answer->create = create;
  answer->out_of_band = create && create->out_of_band;
  answer->connection = world->connection;
  answer->items = g_ptr_array_new ();
  g_ptr_array_add (world->answers, answer);
  return answer;
}

/* `metadata` and `conversation_id` of @answer. */
static gchar *
answer_marks (World *world, const Answer *answer)
{
  const gchar *conversation = answer->out_of_band ? "null" : "\"conv_1\"";

  if (!answer->create || !world->setup.gives_marks)
    return g_strdup_printf (
        "\"conversation_id\":%s,\"metadata\":null", conversation);
  return g_strdup_printf (
      "\"conversation_id\":%s,\"metadata\":{\"client_event_id\":\"%s\"}",
      conversation, answer->create->mark);
}

static void
begin_answer (World *world, Answer *answer)
{
  gchar *marks = answer_marks (world, answer);

  answer->planned = FALSE;
  answer->running = TRUE;
  if (!answer->out_of_band)
    world_words_covered (world, answer);
  say_of (world, PACKET_CREATED, answer, NULL,
      g_strdup_printf ("{\"type\":\"response.created\",\"response\":{"
                       "\"id\":\"%s\",\"status\":\"in_progress\","
                       "\"output\":[],%s}}",
          answer->id, marks));
  g_free (marks);
}

static gchar *
output_json (const Answer *answer)
{
  GString *out = g_string_new (NULL);

  for (guint i = 0; i < answer->items->len; i++) {
    gchar *json = item_json (g_ptr_array_index (answer->items, i), FALSE);

    g_string_append_printf (out, "%s%s", i > 0 ? "," : "", json);
    g_free (json);
  }
  return g_string_free (out, FALSE);
}

/* What comes of @answer after its end, @done once more included. */
static void
say_stragglers (World *world, Answer *answer, const gchar *done)
{
  for (guint i = 0; i < answer->items->len; i++) {
    Item *item = g_ptr_array_index (answer->items, i);

    if (item->kind == ITEM_SPEECH)
      say_part (
          world, PACKET_OTHER, item, "output_audio.delta", "delta", "AAAA");
  }
  say (world, PACKET_OTHER, g_strdup (done));
}

/* @details: JSON of status_details. */
static void
end_answer (
    World *world, Answer *answer, const gchar *status, const gchar *details)
{
  gchar *marks = answer_marks (world, answer);
  gchar *output = output_json (answer);
  gchar *done;

  answer->running = FALSE;
  answer->current = NULL;
  done = g_strdup_printf (
      "{\"type\":\"response.done\",\"response\":{\"id\":\"%s\","
      "\"status\":\"%s\",\"status_details\":%s,\"output\":[%s],%s,"
      "\"usage\":{\"total_tokens\":3,\"input_tokens\":1,"
      "\"output_tokens\":2}}}",
      answer->id, status, details, output, marks);
  say_of (world, PACKET_DONE, answer, NULL, done);
  if (world_chance (world, 5))
    say_stragglers (world, answer, done);
  g_free (output);
  g_free (marks);
}

static void
cancel_answer (World *world, Answer *answer, const gchar *reason)
{
  gchar *details = g_strdup_printf (
      "{\"type\":\"cancelled\",\"reason\":\"%s\"}", reason);

  if (answer->current && world_chance (world, 50))
    say_item (world, PACKET_ITEM_DONE, answer->current, "done", FALSE);
  end_answer (world, answer, "cancelled", details);
  g_free (details);
}

gboolean
world_server_answer (World *world)
{
  Answer *planned = world_server_planned (world);

  if (planned)
    begin_answer (world, planned);
  return planned != NULL;
}

/* --- what a response says --- */

static void
begin_item (World *world, Answer *answer)
{
  static const ItemKind kinds[] = { ITEM_SPEECH, ITEM_SPEECH, ITEM_SPEECH,
    ITEM_WRITING, ITEM_CALL, ITEM_CALL };
  gint n = g_rand_int_range (world->random, 0, G_N_ELEMENTS (kinds));

  answer->current = new_item (world, kinds[n], answer);
  say_item (world, PACKET_ADDED, answer->current, "added", TRUE);
  say_in_conversation (world, answer->current, TRUE);
}

static void
say_audio (World *world, Item *item)
{
  guint n = g_rand_int_range (world->random, 1, 60) * WORLD_SAMPLES_PER_MS / 2;
  guint8 *samples = g_malloc0 (n);
  gchar *coded = g_base64_encode (samples, n);

  item->made += n;
  say_part (world, PACKET_AUDIO, item, "output_audio.delta", "delta", coded);
  ((Packet *) g_queue_peek_tail (&world->down))->samples = n;
  g_free (coded);
  g_free (samples);
}

gchar *
world_words_of (guint n)
{
  GString *words = g_string_new (NULL);

  for (guint i = 1; i <= n; i++)
    g_string_append_printf (words, "word-%u ", i);
  return g_string_free (words, FALSE);
}

/* One more word of @item, or all of them once more. */
static void
say_words (World *world, Item *item, gboolean whole)
{
  gboolean spoken = item->kind == ITEM_SPEECH;
  gchar *type = g_strdup_printf ("output_%s.%s",
      spoken ? "audio_transcript" : "text", whole ? "done" : "delta");
  gchar *words = whole ? world_words_of (item->spoken)
                       : g_strdup_printf ("word-%u ", ++item->spoken);

  say_part (world, spoken ? PACKET_WORDS : PACKET_TEXT, item, type,
      !whole       ? "delta"
          : spoken ? "transcript"
                   : "text",
      words);
  ((Packet *) g_queue_peek_tail (&world->down))->words = item->spoken;
  g_free (words);
  g_free (type);
}

static void
extend_item (World *world, Item *item)
{
  if (item->kind == ITEM_SPEECH && item->made > 0 && world_chance (world, 20))
    say_words (world, item, FALSE);
  else if (item->kind == ITEM_SPEECH)
    say_audio (world, item);
  else if (item->kind == ITEM_WRITING)
    say_words (world, item, FALSE);
}

static void
end_item (World *world, Item *item)
{
  if (item->kind == ITEM_SPEECH && item->made == 0)
    say_audio (world, item);
  item->done = TRUE;
  if (item->kind == ITEM_SPEECH)
    say_part (world, PACKET_OTHER, item, "output_audio.done", "x", "");
  if (item->kind != ITEM_CALL) {
    item->spoken++;
    say_words (world, item, TRUE);
  }
  say_item (world, PACKET_ITEM_DONE, item, "done", FALSE);
  say_in_conversation (world, item, FALSE);
  item->answer->current = NULL;
}

static Answer *
pick_running (World *world)
{
  for (guint i = 0; i < world->answers->len; i++) {
    Answer *answer = g_ptr_array_index (world->answers, i);

    if (answer->running && (!answer->out_of_band || world_chance (world, 50)))
      return answer;
  }
  return world_server_active (world);
}

/* Most end as they should. */
static void
conclude (World *world, Answer *answer)
{
  gint lot = g_rand_int_range (world->random, 0, 10);

  if (answer->current && lot > 1)
    end_item (world, answer->current);
  if (lot == 0)
    end_answer (world, answer, "incomplete",
        "{\"type\":\"incomplete\",\"reason\":\"max_output_tokens\"}");
  else if (lot == 1)
    end_answer (world, answer, "failed",
        "{\"type\":\"failed\",\"error\":{\"type\":\"server_error\","
        "\"code\":\"server_error\"}}");
  else
    end_answer (world, answer, "completed", "null");
}

gboolean
world_server_work (World *world)
{
  Answer *answer = pick_running (world);

  if (!answer)
    return FALSE;
  if (!answer->current
      && (answer->items->len == MAX_ITEMS || world_chance (world, 25)))
    conclude (world, answer);
  else if (!answer->current)
    begin_item (world, answer);
  else if (world_chance (world, 60))
    extend_item (world, answer->current);
  else
    end_item (world, answer->current);
  return TRUE;
}

gboolean
world_server_end (World *world)
{
  for (guint i = 0; i < world->answers->len; i++) {
    Answer *answer = g_ptr_array_index (world->answers, i);

    if (!answer->running)
      continue;
    conclude (world, answer);
    return TRUE;
  }
  return FALSE;
}

/* --- turns --- */

/* The turn was committed; the server answers it if that is its to do. */
static void
commit (World *world, gboolean by_vad)
{
  Item *item = new_item (world, ITEM_USER, NULL);
  Answer *answer = NULL;
  gboolean creates = by_vad && world->creates_answers;
  gboolean blocked;
  Packet *packet;

  item->speech = world->longest;
  world_words_committed (world, item, by_vad ? world->turn_start : 0);
  world->uncommitted = world->sound = world->quiet = world->longest = 0;
  world->turn_end = item->end = world->appended;
  /* The error names nobody, so it must not be taken for another's. */
  if (creates && world->outstanding && world_server_active (world))
    cancel_answer (world, world_server_active (world), "turn_detected");
  blocked = world_server_active (world) != NULL;
  if (creates && !blocked) {
    answer = new_answer (world, NULL);
    answer->planned = TRUE;
  }
  packet = say_of (world, PACKET_COMMITTED, answer, item,
      g_strdup_printf ("{\"type\":\"input_audio_buffer.committed\","
                       "\"previous_item_id\":null,\"item_id\":\"%s\"}",
          item->id));
  packet->by_vad = by_vad;
  say_in_conversation (world, item, TRUE);
  if (creates && blocked)
    say_error (world, PACKET_NO_ANSWER,
        "conversation_already_has_active_response", NULL);
  if (world->setup.transcribes)
    g_queue_push_tail (&world->untranscribed, item);
}

static void
begin_turn (World *world)
{
  guint64 start = world->sound_start
      - MIN (world->sound_start, WORLD_PADDING_MS);
  Answer *active;

  /* What it owes for the last turn comes before the next. */
  world_server_answer (world);
  active = world_server_active (world);
  world->hears = TRUE;
  world->turn_start = MAX (start, world->turn_end);
  say (world, PACKET_SPEECH_STARTED,
      g_strdup_printf ("{\"type\":\"input_audio_buffer.speech_started\","
                       "\"audio_start_ms\":%" G_GUINT64_FORMAT ","
                       "\"item_id\":\"turn_%" G_GUINT64_FORMAT "\"}",
          world->turn_start, world->appended));
  if (active && world->cancels_answers)
    cancel_answer (world, active, "turn_detected");
}

static void
end_turn (World *world)
{
  world->hears = FALSE;
  say (world, PACKET_SPEECH_STOPPED,
      g_strdup_printf ("{\"type\":\"input_audio_buffer.speech_stopped\","
                       "\"audio_end_ms\":%" G_GUINT64_FORMAT ","
                       "\"item_id\":\"x\"}",
          world->appended));
  commit (world, TRUE);
}

/* A piece of the user's audio, of WORLD_PIECE_MS. */
static void
hear (World *world, gboolean loud)
{
  world->uncommitted += WORLD_PIECE_MS;
  if (!world->has_vad) {
    world->appended += WORLD_PIECE_MS;
    return;
  }
  if (loud && world->sound == 0)
    world->sound_start = world->appended;
  if (loud && (world->sound == 0 || world->quiet > GAP_MS))
    world->stretch_start = world->appended;
  world->appended += WORLD_PIECE_MS;
  world->quiet = loud ? 0 : world->quiet + WORLD_PIECE_MS;
  if (loud) {
    world->sound += WORLD_PIECE_MS;
    world->longest = MAX (
        world->longest, world->appended - world->stretch_start);
  }
  if (!world->hears && world->quiet > 0)
    world->sound = world->longest = 0;
  if (!world->hears && world->sound >= MIN_SOUND_MS)
    begin_turn (world);
  if (world->hears && world->quiet >= WORLD_SILENCE_MS)
    end_turn (world);
}

gboolean
world_server_transcribe (World *world)
{
  Item *item = g_queue_pop_head (&world->untranscribed);

  if (!item)
    return FALSE;
  say_of (world, PACKET_TRANSCRIPT, NULL, item,
      g_strdup_printf ("{\"type\":\"conversation.item."
                       "input_audio_transcription.completed\","
                       "\"item_id\":\"%s\",\"content_index\":0,"
                       "\"transcript\":\"words\"}",
          item->id));
  return TRUE;
}

/* --- taking --- */

gboolean
world_server_detection (
    JsonObject *update, gboolean *creates, gboolean *cancels)
{
  JsonObject *session = rt2_json_object (update, "session");
  JsonObject *input = rt2_json_object (
      rt2_json_object (session, "audio"), "input");
  JsonObject *detection = rt2_json_object (input, "turn_detection");

  *creates = *cancels = FALSE;
  if (!detection)
    return FALSE;
  *creates = json_object_get_boolean_member (detection, "create_response");
  *cancels = json_object_get_boolean_member (detection, "interrupt_response");
  return TRUE;
}

gchar *
world_server_acceptance (void)
{
  return g_strdup ("{\"type\":\"session.updated\",\"session\":{\"type\":"
                   "\"realtime\",\"audio\":{\"input\":{\"format\":{\"type\":"
                   "\"audio/pcmu\"}},\"output\":{\"format\":{\"type\":"
                   "\"audio/pcmu\"}}}}}");
}

static void
take_update (World *world, JsonObject *object)
{
  world->has_vad = world_server_detection (
      object, &world->creates_answers, &world->cancels_answers);
  world->configured = TRUE;
  say (world, PACKET_OTHER, world_server_acceptance ());
}

static void
take_append (World *world, JsonObject *object)
{
  gsize size;
  guchar *audio = g_base64_decode (rt2_json_string (object, "audio"), &size);

  /* Silence that the session makes itself comes in longer pieces. */
  for (gsize i = 0; i < size; i += PIECE) {
    world_words_heard (world, audio + i, MIN (PIECE, size - i));
    hear (world, audio[i] != SILENT_BYTE);
  }
  g_free (audio);
}

static void
take_commit (World *world, JsonObject *object)
{
  if (world->uncommitted < MIN_COMMIT_MS) {
    say_error (world, PACKET_OTHER, "input_audio_buffer_commit_empty",
        rt2_json_string (object, "event_id"));
    return;
  }
  world->hears = FALSE;
  commit (world, FALSE);
}

static void
take_clear (World *world)
{
  world->uncommitted = world->sound = world->longest = 0;
  world->hears = FALSE;
  g_array_set_size (world->heard, 0);
}

static Create *
find_create (World *world, JsonObject *object)
{
  const gchar *mark = rt2_json_string (object, "event_id");

  for (guint i = world->creates->len; i > 0; i--) {
    Create *create = g_ptr_array_index (world->creates, i - 1);

    if (g_strcmp0 (create->mark, mark) == 0)
      return create;
  }
  g_assert_not_reached ();
}

static void
take_create (World *world, JsonObject *object)
{
  Create *create = find_create (world, object);
  gboolean busy = !create->out_of_band
      && (world_server_active (world) || world_server_planned (world));
  gboolean wrong = world->setup.names_event && world_chance (world, 3);
  Packet *packet;

  if (!busy && !wrong) {
    begin_answer (world, new_answer (world, create));
    return;
  }
  packet = say_error (world, PACKET_REFUSAL,
      busy ? "conversation_already_has_active_response" : "invalid_value",
      create->mark);
  packet->create = create;
  packet->again = busy;
}

static void
take_cancel (World *world, JsonObject *object)
{
  Answer *answer = world_find_answer (
      world, rt2_json_string (object, "response_id"));

  if (answer->running)
    cancel_answer (world, answer, "client_cancelled");
  else
    say_error (world, PACKET_OTHER, "response_cancel_not_active",
        rt2_json_string (object, "event_id"));
}

/* An item that the client made. */
static void
take_item (World *world, JsonObject *object)
{
  const gchar *given = rt2_json_string (rt2_json_object (object, "item"), "id");
  gchar *id = given ? g_strdup (given) : new_id (world, "item");

  say (world, PACKET_OTHER,
      g_strdup_printf ("{\"type\":\"conversation.item.added\",\"item\":{"
                       "\"id\":\"%s\",\"type\":\"%s\"}}",
          id, rt2_json_string (rt2_json_object (object, "item"), "type")));
  g_free (id);
}

static void
take_change (World *world, JsonObject *object, const gchar *type)
{
  say (world, PACKET_OTHER,
      g_strdup_printf ("{\"type\":\"conversation.item.%s\","
                       "\"item_id\":\"%s\",\"content_index\":0,"
                       "\"audio_end_ms\":1}",
          type, rt2_json_string (object, "item_id")));
}

gboolean
world_server_take (World *world)
{
  JsonObject *object = g_queue_pop_head (&world->up);
  const gchar *type;

  if (!object)
    return FALSE;
  type = rt2_json_string (object, "type");
  if (g_str_equal (type, "session.update"))
    take_update (world, object);
  else if (g_str_equal (type, "input_audio_buffer.append"))
    take_append (world, object);
  else if (g_str_equal (type, "input_audio_buffer.commit"))
    take_commit (world, object);
  else if (g_str_equal (type, "input_audio_buffer.clear"))
    take_clear (world);
  else if (g_str_equal (type, "response.create"))
    take_create (world, object);
  else if (g_str_equal (type, "response.cancel"))
    take_cancel (world, object);
  else if (g_str_equal (type, "conversation.item.create"))
    take_item (world, object);
  else if (g_str_equal (type, "conversation.item.delete"))
    take_change (world, object, "deleted");
  else if (g_str_equal (type, "conversation.item.truncate"))
    take_change (world, object, "truncated");
  else
    world_fail (world, G_STRLOC, type);
  json_object_unref (object);
  return TRUE;
}

gchar *
world_server_greeting (World *world)
{
  return g_strdup_printf (
      "{\"type\":\"session.created\",\"session\":{\"type\":\"realtime\","
      "\"id\":\"sess_%u\",\"expires_at\":%" G_GINT64_FORMAT "}}",
      world->connections,
      g_get_real_time () / G_USEC_PER_SEC
          + (world->setup.lives > 0 ? world->setup.lives : 3600));
}

void
world_server_connected (World *world)
{
  say (world, PACKET_OTHER, world_server_greeting (world));
}
