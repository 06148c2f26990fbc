/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the client of the world is told, and a judgement on all that it sends.
 */
#include "world.h"

#include <stdlib.h>
#include <string.h>

#include "rt2json.h"

/* --- finding --- */

Answer *
world_find_answer (World *world, const gchar *id)
{
  for (guint i = world->answers->len; i > 0; i--) {
    Answer *answer = g_ptr_array_index (world->answers, i - 1);

    if (g_strcmp0 (answer->id, id) == 0)
      return answer;
  }
  world_log (world, "no response %s", id);
  world_fail (world, G_STRLOC, "the response exists");
}

Item *
world_find_item (World *world, const gchar *id)
{
  for (guint i = world->items->len; i > 0; i--) {
    Item *item = g_ptr_array_index (world->items, i - 1);

    if (g_strcmp0 (item->id, id) == 0)
      return item;
  }
  world_log (world, "no item %s", id);
  world_fail (world, G_STRLOC, "the item exists");
}

Item *
world_find_call (World *world, const gchar *call_id)
{
  for (guint i = world->items->len; i > 0; i--) {
    Item *item = g_ptr_array_index (world->items, i - 1);

    if (g_strcmp0 (item->call_id, call_id) == 0)
      return item;
  }
  world_log (world, "no call %s", call_id);
  world_fail (world, G_STRLOC, "the call exists");
}

/* The response in band that the client knows of and that has not ended. */
static Answer *
known_active (World *world)
{
  for (guint i = 0; i < world->answers->len; i++) {
    Answer *answer = g_ptr_array_index (world->answers, i);

    if (answer->told && !answer->over && !answer->out_of_band)
      return answer;
  }
  return NULL;
}

/* --- reasons --- */

void
world_want_plain (World *world)
{
  world->plain = PLAIN_MUST;
  world->plain_told = FALSE;
  world->plain_lasts |= world->session->deferred;
}

static void
drop_plain (World *world)
{
  world->plain = world->plain_again ? PLAIN_MAY : PLAIN_NONE;
  world->plain_lasts = FALSE;
}

void
world_client_interrupted (World *world)
{
  for (guint i = 0; i < world->answers->len; i++) {
    Answer *answer = g_ptr_array_index (world->answers, i);

    if (answer->over || answer->out_of_band)
      continue;
    if (answer->told)
      answer->dead = TRUE;
    else if (answer->expected)
      answer->dead = answer->born_dead = TRUE;
  }
  for (guint i = 0; i < world->items->len; i++) {
    Item *item = g_ptr_array_index (world->items, i);

    if (item->kind == ITEM_CALL && item->call_told && item->open)
      item->answer->silent = TRUE;
  }
  for (guint i = 0; i < world->requests->len; i++) {
    Request *request = g_ptr_array_index (world->requests, i);

    if (request->kind != REQUEST_TEXT && !request->lasting
        && !request->out_of_band && request->state == REQUEST_MUST)
      request->state = REQUEST_GONE;
  }
  if (world->outstanding)
    world->outstanding->dead = TRUE;
  world_words_interrupted (world);
  world->expects = FALSE;
  if (!world->plain_lasts)
    drop_plain (world);
}

/* --- what the client is told --- */

/* The response.create is not on its way any more. */
static void
settle_create (World *world, Create *create)
{
  if (world->outstanding == create)
    world->outstanding = NULL;
}

static void
told_created (World *world, Answer *answer)
{
  answer->told = TRUE;
  if (!answer->create && !answer->born_dead && world->plain_told)
    drop_plain (world);
  if (!answer->create)
    return;
  settle_create (world, answer->create);
  if (answer->create->dead)
    answer->dead = answer->born_dead = TRUE;
}

/* A text that is in the conversation by now is like any plain wish, but that it
 * stands. */
static void
told_refusal (World *world, const Packet *packet)
{
  Create *create = packet->create;
  Request *request = create->request;

  settle_create (world, create);
  if (!packet->again || create->dead) {
    if (request)
      request->state = REQUEST_GONE;
    world_words_refused (world);
  } else if (!request || request->kind == REQUEST_TEXT) {
    world->plain = PLAIN_MUST;
    world->plain_told = create->told;
    world->plain_lasts |= request || create->lasting;
  } else {
    request->state = REQUEST_MUST;
  }
}

/* The VAD's turn is to be answered: by whom? */
static void
told_committed (World *world, const Packet *packet)
{
  const Answer *active = known_active (world);

  world_words_told (world, packet->item);
  if (!packet->by_vad || !world->creates_answers)
    return;
  /* One that is heard is in the way of the server's own. */
  if (active && !active->dead)
    world_want_plain (world);
  else if (packet->answer)
    packet->answer->expected = TRUE;
  else
    world->expects = TRUE;
}

/* The client was told of all calls of @answer. */
static void
told_calls (Answer *answer)
{
  for (guint i = 0; i < answer->items->len; i++) {
    Item *item = g_ptr_array_index (answer->items, i);

    if (item->kind == ITEM_CALL && !item->call_told)
      item->call_told = item->open = TRUE;
    item->complete = TRUE;
  }
}

static void
told_item_done (Item *item)
{
  item->announced = TRUE;
  if (item->kind == ITEM_CALL && !item->call_told)
    item->call_told = item->open = !item->answer->out_of_band;
  item->complete = TRUE;
}

/* Whether the session judges the user's speech itself. */
static gboolean
is_judge (World *world)
{
  return rt2_session_config_decides (world->config);
}

/* Whether the session is to be interrupted, or may be, by @packet: by speech
 * that the server judged, or by what was asked for before it was ready. */
static gboolean
interrupts (World *world, const Packet *packet)
{
  return !world->ready
      || (packet->kind == PACKET_SPEECH_STARTED && !is_judge (world)
          && world->setup.interrupt_response);
}

static void
tell (World *world, const Packet *packet)
{
  Answer *answer = packet->answer;
  Item *item = packet->item;

  switch (packet->kind) {
    case PACKET_CREATED:
      told_created (world, answer);
      break;
    case PACKET_ADDED:
      item->announced = TRUE;
      break;
    case PACKET_AUDIO:
      item->told += answer->dead ? 0 : packet->samples;
      break;
    case PACKET_WORDS:
    case PACKET_TEXT:
      if (answer->dead)
        break;
      item->text_told |= packet->kind == PACKET_TEXT;
      item->words_told = packet->words;
      break;
    case PACKET_ITEM_DONE:
      told_item_done (item);
      break;
    case PACKET_DONE:
      answer->over = TRUE;
      answer->silent |= answer->dead;
      if (!answer->out_of_band) {
        told_calls (answer);
        world_words_answered (world, answer);
      }
      break;
    case PACKET_REFUSAL:
      told_refusal (world, packet);
      break;
    case PACKET_COMMITTED:
      world->turn_told &= !packet->by_vad;
      told_committed (world, packet);
      break;
    case PACKET_SPEECH_STARTED:
      world->turn_told = TRUE;
      world->floor = rt2_responses_is_busy (world->session->responses)
          || rt2_calls_n_open (world->session->calls) > 0
          || world_listener.is_playing (world);
      world->interrupts_before = world->interrupts;
      world->speaks = is_judge (world);
      break;
    case PACKET_SPEECH_STOPPED:
      break;
    case PACKET_NO_ANSWER:
      if (world->expects)
        world_want_plain (world);
      world->expects = FALSE;
      break;
    case PACKET_TRANSCRIPT:
    case PACKET_OTHER:
      break;
  }
}

/* --- what becomes of it --- */

/* A turn that the session judges: dismissed, or to be answered. */
static void
deliver_judged_turn (World *world, const Packet *packet)
{
  Plain before = world->plain;
  gboolean again = world->plain_again;
  gboolean lasted = world->plain_lasts;
  guint64 min = world->setup.min_interruption;
  guint64 ms = packet->item->speech;
  guint connection = world->connection;

  world->plain_again = FALSE;
  if (world->setup.create_response && before == PLAIN_NONE)
    world->plain = PLAIN_MAY;
  if (world->setup.create_response)
    world->plain_lasts |= world->session->deferred;
  fakewire_deliver (packet->json);
  world_run (world);
  /* With the turn the talk may have found its gap. */
  if (world->connection != connection)
    return;
  /* Unless one response answered it, and all else. */
  world->plain_again = again && world->plain != PLAIN_NONE;
  if (packet->item->dismissed) {
    WORLD_CHECK (world, ms < min + 60);
    if (world->plain == PLAIN_MAY)
      world->plain = before;
    world->plain_lasts = lasted;
    return;
  }
  /* Unless what was measured is more than this turn. */
  WORLD_CHECK (world,
      !world->floor || ms + WORLD_PADDING_MS + 100 > min
          || world->heard_until > packet->item->end);
  if (world->plain == PLAIN_MAY && world->setup.create_response)
    world->plain = PLAIN_MUST;
  if (world->floor && ms >= min + 60 && world->setup.interrupt_response)
    WORLD_CHECK (world,
        world->interrupts > world->interrupts_before || world->is_protected
            || world->session->deferred);
}

gboolean
world_deliver (World *world)
{
  Packet *packet;

  if (!fakewire_is_open () || g_queue_is_empty (&world->down))
    return FALSE;
  packet = g_queue_pop_head (&world->down);
  world_log (world, "< %s", packet->json);
  tell (world, packet);
  world->interrupts_now = interrupts (world, packet);
  if (packet->kind == PACKET_COMMITTED && packet->by_vad && is_judge (world)) {
    deliver_judged_turn (world, packet);
  } else {
    fakewire_deliver (packet->json);
    world_run (world);
  }
  if (packet->kind == PACKET_SPEECH_STARTED && world->interrupts_now)
    WORLD_CHECK (world, world->interrupts == world->interrupts_before + 1);
  world->interrupts_now = FALSE;
  if (packet->kind == PACKET_SPEECH_STOPPED)
    world->speaks = FALSE;
  /* One that comes too late is called back at once. */
  if (packet->kind == PACKET_CREATED && packet->answer->born_dead)
    WORLD_CHECK (world, packet->answer->cancels == 1);
  if (packet->kind == PACKET_CREATED && !packet->answer->dead
      && !packet->answer->out_of_band)
    WORLD_CHECK (world, packet->answer->started == 1);
  g_free (packet->json);
  g_free (packet);
  return TRUE;
}

/* --- what the client sends --- */

/* The request of @kind whose number is in @text after @prefix. */
static Request *
find_request (
    World *world, RequestKind kind, const gchar *text, const gchar *prefix)
{
  const gchar *found = text ? strstr (text, prefix) : NULL;
  guint number = found ? atoi (found + strlen (prefix)) : 0;

  for (guint i = 0; found && i < world->requests->len; i++) {
    Request *request = g_ptr_array_index (world->requests, i);

    if (request->kind == kind && request->number == number)
      return request;
  }
  return NULL;
}

static void
check_output (World *world, JsonObject *item)
{
  Item *call = world_find_call (world, rt2_json_string (item, "call_id"));
  Answer *answer = call->answer;
  gboolean last = TRUE;

  WORLD_CHECK (world, call->call_told && answer->over);
  WORLD_CHECK (world, !answer->out_of_band);
  WORLD_CHECK (world,
      call->connection == world->connection
          || world_told_has (world->told, call->id));
  WORLD_CHECK (world, ++call->outputs == 1);
  call->open = FALSE;
  for (guint i = 0; i < answer->items->len; i++) {
    const Item *other = g_ptr_array_index (answer->items, i);

    /* Of those that were on their way when the connection was cut nobody
     * knows. */
    last &= other->kind != ITEM_CALL || other->outputs > 0
        || (!other->call_told && answer->connection != world->connection);
  }
  /* While a cut is owed this is not spoken of by itself, as if it had come
   * before the output. */
  if (last && !answer->silent) {
    world->plain = PLAIN_MUST;
    world->plain_told = FALSE;
  }
}

static void
check_message (World *world, JsonObject *item)
{
  gchar *text = rt2_json_to_text (item);
  Request *request = find_request (world, REQUEST_TEXT, text, "text-");

  WORLD_CHECK (world, request);
  WORLD_CHECK (world,
      request->state == REQUEST_MUST || request->state == REQUEST_QUEUED);
  WORLD_CHECK (
      world, request->expires == 0 || fakeclock_now () < request->expires);
  request->state = REQUEST_SENT;
  if (request->responds)
    world->message = request;
  g_free (text);
}

/* One that the user said, and did not write. */
static void
restore_turn (World *world, const gchar *id)
{
  for (guint i = 0; i < world->items->len; i++) {
    Item *item = g_ptr_array_index (world->items, i);

    if (g_strcmp0 (item->id, id) == 0)
      world_words_restored (world, item);
  }
}

/* What the server is told of a connection before: in its place, and a call only
 * if its output is there, or comes now. */
static void
check_restored (World *world, JsonObject *item, gboolean placed)
{
  const gchar *call_id = rt2_json_string (item, "call_id");
  const Item *call = call_id ? world_find_call (world, call_id) : NULL;

  WORLD_CHECK (world, world->connection > 1);
  WORLD_CHECK (world, !call || call->outputs == (placed ? 1 : 0));
  if (g_strcmp0 (rt2_json_string (item, "role"), "user") == 0)
    restore_turn (world, rt2_json_string (item, "id"));
}

static void
check_item_create (World *world, JsonObject *object)
{
  JsonObject *item = rt2_json_object (object, "item");
  gboolean placed = rt2_json_string (object, "previous_item_id") != NULL;

  world_told_make (world, world->told, object);
  if (placed
      || g_strcmp0 (rt2_json_string (item, "type"), "function_call") == 0)
    check_restored (world, item, placed);
  else if (g_strcmp0 (rt2_json_string (item, "type"), "function_call_output")
      == 0)
    check_output (world, item);
  else
    check_message (world, item);
}

/* What asked for the response.create @object; NULL if it is plain. */
static Request *
reason_of (World *world, JsonObject *object)
{
  JsonObject *response = rt2_json_object (object, "response");
  const gchar *text = rt2_json_string (response, "instructions");
  Request *request = find_request (world, REQUEST_ASKED, text, "asked-");

  if (request)
    return request;
  if (text && strstr (text, "Hello!"))
    return g_ptr_array_index (world->requests, 0);
  return NULL;
}

static void
check_create_in_band (World *world, Create *create)
{
  WORLD_CHECK (world, !world->outstanding);
  WORLD_CHECK (world, !known_active (world));
  world->outstanding = create;
  if (create->request) {
    create->request->state = REQUEST_SENT;
    /* A message's answer answers all. */
    if (create->request->kind != REQUEST_ASKED)
      drop_plain (world);
    return;
  }
  WORLD_CHECK (world, world->plain != PLAIN_NONE);
  create->lasting = world->plain_lasts;
  create->told = world->plain_told;
  world->plain_again = FALSE;
  drop_plain (world);
}

static void
check_create (World *world, JsonObject *object)
{
  JsonObject *response = rt2_json_object (object, "response");
  JsonObject *metadata = rt2_json_object (response, "metadata");
  Create *create = g_new0 (Create, 1);

  g_ptr_array_add (world->creates, create);
  create->mark = g_strdup (rt2_json_string (object, "event_id"));
  WORLD_CHECK (world, create->mark);
  WORLD_CHECK (world,
      g_strcmp0 (rt2_json_string (metadata, "client_event_id"), create->mark)
          == 0);
  create->out_of_band = g_strcmp0 (
                            rt2_json_string (response, "conversation"), "none")
      == 0;
  create->request = world->message ? world->message : reason_of (world, object);
  if (create->request && !world->message) {
    WORLD_CHECK (world, create->request->out_of_band == create->out_of_band);
    WORLD_CHECK (world,
        create->request->state != REQUEST_SENT
            && create->request->state != REQUEST_GONE);
  }
  world->message = NULL;
  if (create->out_of_band)
    create->request->state = REQUEST_SENT;
  else
    check_create_in_band (world, create);
}

static void
check_cancel (World *world, JsonObject *object)
{
  Answer *answer = world_find_answer (
      world, rt2_json_string (object, "response_id"));

  WORLD_CHECK (world, answer->connection == world->connection);
  WORLD_CHECK (world, answer->told && !answer->out_of_band);
  WORLD_CHECK (world, ++answer->cancels == 1);
}

static void
check_truncate (World *world, JsonObject *object)
{
  Item *item = world_find_item (world, rt2_json_string (object, "item_id"));
  gint64 ms = json_object_get_int_member (object, "audio_end_ms");

  WORLD_CHECK (world, item->connection == world->connection);
  WORLD_CHECK (world, item->kind == ITEM_SPEECH && !item->answer->out_of_band);
  WORLD_CHECK (
      world, json_object_get_int_member (object, "content_index") == 0);
  WORLD_CHECK (world, ms > 0);
  WORLD_CHECK (world, (guint64) ms * WORLD_SAMPLES_PER_MS <= item->told);
  WORLD_CHECK (world, (guint64) ms == item->played / WORLD_SAMPLES_PER_MS);
  WORLD_CHECK (world, ++item->truncations == 1 && item->deletions == 0);
}

static void
check_delete (World *world, JsonObject *object)
{
  Item *item = world_find_item (world, rt2_json_string (object, "item_id"));

  WORLD_CHECK (world, item->kind != ITEM_CALL);
  /* What was restored may be made anew, and then deleted. */
  if (world_told_has (world->told, item->id)) {
    world_told_delete (world, world->told, item->id);
    return;
  }
  WORLD_CHECK (world, item->connection == world->connection);
  WORLD_CHECK (world, item->kind != ITEM_USER || is_judge (world));
  WORLD_CHECK (world, ++item->deletions == 1 && item->truncations == 0);
}

static void
check_commit (World *world)
{
  world_words_commit (world);
  if (world->setup.create_response)
    world_want_plain (world);
}

/* The pieces of silence that the session makes are longer. */
static void
note_append (World *world, JsonObject *object)
{
  const gchar *audio = rt2_json_string (object, "audio");
  guchar *sound;
  gsize size;

  world->sent += strlen (audio) * 3 / 4 / WORLD_SAMPLES_PER_MS;
  if (audio[0] != '/')
    world->heard_until = world->sent;
  sound = g_base64_decode (audio, &size);
  world_words_sent (world, sound, size);
  g_free (sound);
}

/* Ids of events are those of one client, whatever the connection. */
static void
note_mark (World *world, JsonObject *object, const gchar *type)
{
  const gchar *mark = rt2_json_string (object, "event_id");

  WORLD_CHECK (world, mark || g_str_has_suffix (type, ".append"));
  WORLD_CHECK (
      world, !mark || g_hash_table_add (world->marks, g_strdup (mark)));
}

static void
judge_sent (World *world, JsonObject *object, const gchar *type)
{
  WORLD_CHECK (world, !world->message || g_str_equal (type, "response.create"));
  if (g_str_equal (type, "conversation.item.create"))
    check_item_create (world, object);
  else if (g_str_equal (type, "response.create"))
    check_create (world, object);
  else if (g_str_equal (type, "response.cancel"))
    check_cancel (world, object);
  else if (g_str_equal (type, "conversation.item.truncate"))
    check_truncate (world, object);
  else if (g_str_equal (type, "conversation.item.delete"))
    check_delete (world, object);
  else if (g_str_equal (type, "input_audio_buffer.commit"))
    check_commit (world);
  else if (g_str_equal (type, "input_audio_buffer.clear"))
    world_words_clear (world);
  else if (g_str_has_suffix (type, ".append"))
    note_append (world, object);
  g_queue_push_tail (&world->up, object);
}

void
world_client_sent (World *world, const gchar *text)
{
  JsonObject *object = rt2_json_parse_object (text, strlen (text), NULL);
  const gchar *type = rt2_json_string (object, "type");
  gboolean next = fakewire_number () != world->transport;

  if (!g_str_has_suffix (type, ".append"))
    world_log (world, "%s %s", next ? ">>" : ">", text);
  note_mark (world, object, type);
  if (next)
    world_next_sent (world, object, type);
  else
    judge_sent (world, object, type);
}
