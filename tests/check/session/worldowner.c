/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The application of the world: the session's listener, the loudspeaker, and
 * what it asks for.
 */
#include "world.h"

#include <stdlib.h>
#include <string.h>

#define QUIET_BYTE 0xff

/* --- the state --- */

static void
on_state (gpointer owner, Rt2SessionState state)
{
  World *world = owner;

  WORLD_CHECK (world, state != world->state);
  world->state = state;
}

static void
on_created (gpointer owner, const Rt2SessionInfo *info)
{
}

/* What was asked for before is carried out now, all at once: what an
 * interruption in the midst of it leaves standing is not followed here. */
static void
on_configured (gpointer owner, const Rt2SessionInfo *info, gboolean reconnected)
{
  World *world = owner;

  world->ready = TRUE;
  for (guint i = 0; i < world->requests->len; i++) {
    Request *request = g_ptr_array_index (world->requests, i);

    if (request->state == REQUEST_QUEUED)
      request->state = request->kind == REQUEST_ASKED ? REQUEST_MAY
                                                      : REQUEST_MUST;
  }
  if (reconnected)
    world_told_check (world);
}

/* Whoever was asked for before must be asked again. */
static void
on_moved (gpointer owner, const Rt2SessionInfo *info, const gchar *from,
    const gchar *to, Rt2MoveReason reason)
{
  World *world = owner;

  world_log (world, "moved: %s", rt2_move_reason_name (reason));
  WORLD_CHECK (world, world->ready);
  /* After a loss the next try may have gone there. */
  if (world->next.number == 0) {
    WORLD_CHECK (world, world->losses > 0);
    return;
  }
  world->moves++;
  world->forced += world->outstanding || world_server_active (world)
      || world_server_planned (world) || world->hears;
  world_forget_connection (world);
  world_next_taken (world);
  on_configured (owner, info, TRUE);
}

static void
on_move_failed (
    gpointer owner, const Rt2Fault *fault, Rt2MoveReason reason, gboolean again)
{
  World *world = owner;

  world_log (world, "not moved: %s", fault->message);
  world_next_forget (world);
}

static void
on_lost (gpointer owner, const Rt2Fault *fault, guint64 delay)
{
  World *world = owner;

  world_log (world, "lost: %s", fault->message);
  world->losses++;
  world_next_forget (world);
  world_forget_connection (world);
}

static void
on_turn_lost (gpointer owner, guint64 duration)
{
}

static gboolean
was_noticed (const Answer *answer)
{
  for (guint i = 0; i < answer->items->len; i++) {
    const Item *item = g_ptr_array_index (answer->items, i);

    if (item->played > 0 || item->text_told)
      return TRUE;
  }
  return FALSE;
}

/* A call that the application knows of has been acted on. */
static gboolean
has_acted (const Answer *answer)
{
  for (guint i = 0; i < answer->items->len; i++)
    if (((Item *) g_ptr_array_index (answer->items, i))->call_told)
      return TRUE;
  return FALSE;
}

static gboolean
on_retract (gpointer owner, const gchar *response_id)
{
  World *world = owner;
  Answer *answer = world_find_answer (world, response_id);

  answer->retracted = !was_noticed (answer) && !has_acted (answer);
  if (!answer->retracted)
    world_words_answered (world, answer);
  if (was_noticed (answer))
    return FALSE;
  world_log (world, "retracted %s", response_id);
  for (guint i = 0; i < answer->items->len; i++) {
    Item *item = g_ptr_array_index (answer->items, i);

    g_queue_remove (&world->playing, item);
    item->withdrawn = TRUE;
  }
  return TRUE;
}

static void
on_failed (gpointer owner, const Rt2Fault *fault)
{
  world_fail (owner, G_STRLOC, "the session does not fail");
}

/* --- the user --- */

static void
on_speech (gpointer owner, const Rt2Utterance *utterance)
{
}

static void
on_user_text (gpointer owner, const Rt2Utterance *utterance, const gchar *text,
    gboolean final)
{
  World *world = owner;

  WORLD_CHECK (world, !world_find_item (world, utterance->item_id)->dismissed);
}

static void
on_turn_dismissed (gpointer owner, const gchar *item_id, guint64 duration)
{
  World *world = owner;
  Item *item = world_find_item (world, item_id);

  world_log (world, "dismissed %s", item_id);
  WORLD_CHECK (world, item->kind == ITEM_USER && item->deletions == 1);
  WORLD_CHECK (world, !item->dismissed);
  WORLD_CHECK (world, duration < world->config->min_interruption);
  item->dismissed = TRUE;
  world_words_dismissed (world, item);
}

/* --- the agent --- */

/* A response of which something is told. */
static Answer *
heard_answer (World *world, const gchar *id)
{
  Answer *answer = world_find_answer (world, id);

  WORLD_CHECK (world, answer->told && !answer->over);
  WORLD_CHECK (world, !answer->dead && !answer->out_of_band);
  WORLD_CHECK (world, answer->connection == world->connection);
  return answer;
}

static void
on_response_started (gpointer owner, const gchar *id, Rt2Opening opening)
{
  World *world = owner;
  Answer *answer = heard_answer (world, id);
  const Request *request = answer->create ? answer->create->request : NULL;
  gboolean greets = request && request->kind == REQUEST_GREETING;

  WORLD_CHECK (world, ++answer->started == 1);
  if (world->setup.gives_marks)
    WORLD_CHECK (
        world, opening == (greets ? RT2_OPENING_GREETING : RT2_OPENING_NONE));
}

static void
on_response_done (
    gpointer owner, const Rt2Response *response, gboolean out_of_band)
{
  World *world = owner;
  Answer *answer = world_find_answer (world, response->id);

  WORLD_CHECK (world, answer->over && answer->out_of_band == out_of_band);
  WORLD_CHECK (world, ++answer->ends == 1);
}

static void
on_phase (gpointer owner, const gchar *item_id, Rt2Phase phase)
{
}

static void
on_item (
    gpointer owner, const Rt2Place *place, const Rt2Item *item, gboolean done)
{
  heard_answer (owner, place->response_id);
}

static void
on_audio (gpointer owner, const Rt2Place *place, GBytes *audio)
{
  World *world = owner;
  Item *item = world_find_item (world, place->item_id);

  heard_answer (world, place->response_id);
  if (!g_queue_find (&world->playing, item))
    g_queue_push_tail (&world->playing, item);
}

static void
on_audio_done (gpointer owner, const Rt2Place *place)
{
  heard_answer (owner, place->response_id);
  world_find_item (owner, place->item_id)->complete = TRUE;
}

static void
on_text (gpointer owner, const Rt2Place *place, Rt2TextKind kind,
    const gchar *text, gboolean final)
{
  heard_answer (owner, place->response_id);
}

static void
on_function_call (gpointer owner, const Rt2Call *call)
{
  World *world = owner;
  Item *item = world_find_call (world, call->call_id);

  WORLD_CHECK (world, item->call_told && !item->called && item->open);
  WORLD_CHECK (world, !item->answer->dead && !item->answer->out_of_band);
  WORLD_CHECK (world, item->done && g_str_equal (call->arguments, "{}"));
  WORLD_CHECK (world,
      g_str_equal (call->name, "look")
          && g_str_equal (call->response_id, item->answer->id));
  item->called = TRUE;
  item->deadline = fakeclock_now () + WORLD_TOOL_TIMEOUT_S * G_USEC_PER_SEC;
}

static void
on_function_output (gpointer owner, const Rt2Call *call)
{
  World *world = owner;

  WORLD_CHECK (world, world_find_call (world, call->call_id)->outputs == 1);
}

static void
on_command_failed (
    gpointer owner, const Rt2Command *command, const gchar *reason)
{
  World *world = owner;

  world_log (world, "failed: %s", reason);
  if (command->kind == RT2_COMMAND_SEND_TEXT) {
    Request *request = g_ptr_array_index (
        world->requests, atoi (command->text + strlen ("text-")));

    WORLD_CHECK (world, request->state == REQUEST_MUST);
    WORLD_CHECK (world,
        !fakewire_is_open ()
            || (request->expires != 0 && request->expires <= fakeclock_now ()));
    request->state = REQUEST_GONE;
    return;
  }
  /* A response that was asked for waited when the connection was cut. */
  if (command->kind == RT2_COMMAND_CREATE_RESPONSE && !fakewire_is_open ())
    return;
  WORLD_CHECK (world, world->failures_expected + world->failures_allowed > 0);
  if (world->failures_expected > 0)
    world->failures_expected--;
  else
    world->failures_allowed--;
}

/* --- the loudspeaker --- */

static gboolean
on_is_protected (gpointer owner)
{
  World *world = owner;

  if (world->is_protected && (world->interrupts_now || world->speaks))
    world->owed = TRUE;
  return world->is_protected;
}

static gboolean
on_is_playing (gpointer owner)
{
  World *world = owner;

  return world->playing.length > 0;
}

static Rt2Heard *
report (Item *item)
{
  Rt2Heard *heard = g_new0 (Rt2Heard, 1);

  item->reported = TRUE;
  item->was_complete = item->complete;
  item->told_when_asked = item->told;
  heard->item_id = g_strdup (item->id);
  heard->response_id = g_strdup (item->answer->id);
  heard->received = item->told;
  heard->heard = item->played;
  heard->rate = WORLD_SAMPLES_PER_MS * 1000;
  heard->complete = item->complete;
  g_free (item->heard);
  item->heard = item->words_told > 0
      ? g_strdup_printf ("heard-%s-%" G_GUINT64_FORMAT, item->id, item->played)
      : NULL;
  heard->heard_text = g_strdup (item->heard);
  return heard;
}

static GPtrArray *
on_interrupt (gpointer owner)
{
  World *world = owner;
  GPtrArray *heard = g_ptr_array_new_with_free_func (
      (GDestroyNotify) rt2_heard_free);
  Item *item;

  world_log (world, "interrupted");
  WORLD_CHECK (world, !world->is_protected);
  WORLD_CHECK (world,
      world->interrupts_now || world->owed || (world->speaks && world->floor));
  world->owed = FALSE;
  world->interrupts++;
  while ((item = g_queue_pop_head (&world->playing)))
    g_ptr_array_add (heard, report (item));
  world_client_interrupted (world);
  return heard;
}

void
world_play (World *world, guint ms)
{
  guint64 left = (guint64) ms * WORLD_SAMPLES_PER_MS;
  Item *item;

  while (left > 0 && (item = g_queue_peek_head (&world->playing))) {
    guint64 n = MIN (left, item->told - item->played);

    item->played += n;
    left -= n;
    if (item->played < item->told || !item->complete)
      return;
    g_queue_pop_head (&world->playing);
  }
}

/* --- the way up --- */

static gboolean
on_pull (gpointer owner, Rt2UplinkPiece *piece)
{
  World *world = owner;
  GBytes *audio = g_queue_pop_head (&world->uplink);

  if (!audio)
    return FALSE;
  *piece = (Rt2UplinkPiece){ .kind = RT2_UPLINK_AUDIO, .rt = G_MAXUINT64 };
  if (g_bytes_get_size (audio) > 0) {
    piece->audio = audio;
    return TRUE;
  }
  g_bytes_unref (audio);
  piece->kind = RT2_UPLINK_END;
  return TRUE;
}

void
world_say (World *world, guint ms, gboolean loud)
{
  gsize size = WORLD_PIECE_MS * WORLD_SAMPLES_PER_MS;

  for (guint i = 0; i < ms; i += WORLD_PIECE_MS) {
    guint8 *samples = g_malloc (size);

    memset (samples, QUIET_BYTE, size);
    if (loud)
      world_words_say (world, samples, size);
    g_queue_push_tail (&world->uplink, g_bytes_new_take (samples, size));
  }
  world_log (world, "%u ms of %s", ms, loud ? "sound" : "silence");
  rt2_session_wake (world->session);
  world_run (world);
  /* Enough to interrupt is enough before it ends, once it is all sent. */
  if (loud && ms >= world->setup.min_interruption + 60 && world->ready
      && world->speaks && world->floor && !world->is_protected
      && world->setup.interrupt_response && !world->session->paced)
    WORLD_CHECK (world, world->interrupts > world->interrupts_before);
}

void
world_finish (World *world)
{
  world_log (world, "finish");
  world->ended = TRUE;
  g_queue_push_tail (&world->uplink, g_bytes_new (NULL, 0));
  rt2_session_finish (world->session);
  world_run (world);
}

static void
on_drained (gpointer owner, gboolean timed_out)
{
  World *world = owner;

  world_log (world, "drained");
  WORLD_CHECK (world, ++world->drained == 1 && !timed_out);
  WORLD_CHECK (world, world->ended && !world->outstanding);
  WORLD_CHECK (world, world->plain != PLAIN_MUST);
  for (guint i = 0; i < world->answers->len; i++) {
    const Answer *answer = g_ptr_array_index (world->answers, i);

    WORLD_CHECK (world, answer->over || !answer->told);
  }
  for (guint i = 0; i < world->items->len; i++)
    WORLD_CHECK (world, !((Item *) g_ptr_array_index (world->items, i))->open);
}

static void
on_server_error (gpointer owner, const Rt2ServerError *error)
{
  /* All others are part of normal use. */
  WORLD_CHECK ((World *) owner, g_str_equal (error->code, "invalid_value"));
}

static void
on_rate_limits (gpointer owner, const GPtrArray *limits)
{
}

static void
on_updated (gpointer owner, const Rt2SessionInfo *info)
{
  g_assert_nonnull (info->json);
}

const Rt2SessionListener world_listener = {
  .state = on_state,
  .pull = on_pull,
  .created = on_created,
  .configured = on_configured,
  .updated = on_updated,
  .moved = on_moved,
  .move_failed = on_move_failed,
  .lost = on_lost,
  .turn_lost = on_turn_lost,
  .retract = on_retract,
  .failed = on_failed,
  .speech_started = on_speech,
  .speech_stopped = on_speech,
  .user_text = on_user_text,
  .turn_dismissed = on_turn_dismissed,
  .response_started = on_response_started,
  .response_done = on_response_done,
  .phase = on_phase,
  .item = on_item,
  .audio = on_audio,
  .audio_done = on_audio_done,
  .text = on_text,
  .function_call = on_function_call,
  .function_output = on_function_output,
  .command_failed = on_command_failed,
  .is_protected = on_is_protected,
  .interrupt = on_interrupt,
  .server_error = on_server_error,
  .rate_limits = on_rate_limits,
  .drained = on_drained,
  .is_playing = on_is_playing,
};

/* --- commands --- */

void
world_command (World *world, Rt2Command *command)
{
  WORLD_CHECK (world, rt2_session_command (world->session, command));
  world_run (world);
}

static Request *
new_request (World *world, RequestKind kind)
{
  Request *request = g_new0 (Request, 1);

  request->kind = kind;
  request->number = world->requests->len;
  request->state = world->ready ? REQUEST_MUST : REQUEST_QUEUED;
  request->lasting = world->session->deferred;
  g_ptr_array_add (world->requests, request);
  return request;
}

void
world_send_text (World *world, const gchar *role, gboolean responds,
    Rt2Interrupt interrupt, gint priority, gint64 expires)
{
  Request *request = new_request (world, REQUEST_TEXT);
  gchar *text = g_strdup_printf ("text-%u", request->number);
  Rt2Command *command = rt2_command_new_text (role, text, NULL);

  world_log (world, "%s says %s", role, text);
  request->responds = command->respond = responds;
  request->expires = command->expires = responds ? expires : 0;
  command->interrupt = interrupt;
  command->priority = priority;
  world->interrupts_now = responds
      && (interrupt == RT2_INTERRUPT_YES
          || (interrupt == RT2_INTERRUPT_AUTO && g_str_equal (role, "user")));
  world_command (world, command);
  world->interrupts_now = FALSE;
  g_free (text);
}

void
world_ask (World *world, gboolean out_of_band)
{
  Request *request = new_request (world, REQUEST_ASKED);
  gchar *json = g_strdup_printf ("{\"instructions\":\"asked-%u\"%s}",
      request->number, out_of_band ? ",\"conversation\":\"none\"" : "");

  world_log (world, "ask %s", json);
  request->out_of_band = out_of_band;
  world_command (world, rt2_command_new_response (json, NULL));
  g_free (json);
}

/* Before the session is configured it is carried out at another time than it is
 * asked for here. */
void
world_cancel (World *world)
{
  if (!world->ready)
    return;
  world_log (world, "cancel");
  world->interrupts_now = TRUE;
  world_command (world, rt2_command_new (RT2_COMMAND_CANCEL_RESPONSE));
  world->interrupts_now = FALSE;
}

void
world_commit (World *world)
{
  if (!world->ready)
    return;
  world_log (world, "commit");
  /* What there is to commit then is not known now. */
  if (world->session->again.length > 0)
    world->failures_allowed++;
  else if (world->session->uncommitted < RT2_SESSION_COMMIT_MIN)
    world->failures_expected++;
  world_command (world, rt2_command_new (RT2_COMMAND_COMMIT_INPUT));
}

void
world_answer_call (World *world, Item *call)
{
  const gchar *id = call ? call->call_id : "nobody";

  if (!world->ready)
    return;
  world_log (world, "answer %s", id);
  if (!call || !call->open || call->answered || !call->called
      || call->deadline <= fakeclock_now ())
    world->failures_expected++;
  else
    call->answered = TRUE;
  world_command (world, rt2_command_new_result (id, "{}", NULL));
}

void
world_protect (World *world, gboolean is_protected)
{
  world_log (world, "protected: %d", is_protected);
  world->is_protected = is_protected;
  rt2_session_wake (world->session);
  world_run (world);
}
