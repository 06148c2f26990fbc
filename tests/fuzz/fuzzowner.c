/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the owner of a session may be told, whatever the server says; and the
 * user and the loudspeaker.
 */
#include "fuzzworld.h"

#include <string.h>

#define PIECE_MS 20

/* Nobody is told of the key, and nothing once the session has failed. */
static FuzzWorld *
told (gpointer owner)
{
  FuzzWorld *world = owner;

  FUZZ_CHECK (!world->failed);
  return world;
}

static void
check_secret (const gchar *text)
{
  fuzz_check_text (text);
  FUZZ_CHECK (!text || !strstr (text, FUZZ_SECRET));
}

/* --- the connection --- */

static void
on_state (gpointer owner, Rt2SessionState state)
{
  FuzzWorld *world = told (owner);

  FUZZ_CHECK (state != world->state);
  world->state = state;
}

static gboolean
on_api_key (gpointer owner, const gchar *url, gchar **key)
{
  told (owner);
  *key = g_strdup (FUZZ_SECRET);
  return TRUE;
}

static void
on_session (gpointer owner, const Rt2SessionInfo *info)
{
  told (owner);
  FUZZ_CHECK (info && info->json);
}

static void
on_configured (gpointer owner, const Rt2SessionInfo *info, gboolean reconnected)
{
  on_session (owner, info);
}

/* The items of this connection are those of an earlier one now. */
static void
keep_former (FuzzWorld *world)
{
  GHashTableIter iter;
  gpointer id;

  g_hash_table_iter_init (&iter, world->told);
  while (g_hash_table_iter_next (&iter, &id, NULL))
    g_hash_table_add (world->former, g_strdup (id));
  g_hash_table_remove_all (world->told);
}

static void
check_fault (const Rt2Fault *fault)
{
  FUZZ_CHECK (fault->kind != RT2_FAULT_NONE && fault->message);
  check_secret (fault->message);
  check_secret (fault->hint);
  check_secret (fault->debug);
  check_secret (fault->server_code);
}

/* What is still played may go on; what is under way ends here. */
void
fuzz_owner_forget (FuzzWorld *world)
{
  for (GList *l = world->playing.head; l; l = l->next)
    ((FuzzSpeech *) l->data)->complete = TRUE;
  g_hash_table_remove_all (world->lives);
  keep_former (world);
}

static void
on_lost (gpointer owner, const Rt2Fault *fault, guint64 delay)
{
  FuzzWorld *world = told (owner);

  FUZZ_CHECK (!rt2_transport_is_open (world->session->transport));
  check_fault (fault);
  fuzz_owner_forget (world);
}

static void
on_expiring (
    gpointer owner, guint64 expires_at, guint64 left, Rt2MoveReason reason)
{
  told (owner);
  FUZZ_CHECK (reason == RT2_MOVE_EXPIRING || reason == RT2_MOVE_AGE);
}

/* From here on it is like after a loss, but that nothing is lost. */
static void
on_moved (gpointer owner, const Rt2SessionInfo *info, const gchar *from,
    const gchar *to, Rt2MoveReason reason)
{
  FuzzWorld *world = told (owner);

  FUZZ_CHECK (info && from && to);
  check_secret (from);
  check_secret (to);
  fuzz_owner_forget (world);
}

static void
on_move_failed (
    gpointer owner, const Rt2Fault *fault, Rt2MoveReason reason, gboolean again)
{
  told (owner);
  check_fault (fault);
}

static void
on_turn_lost (gpointer owner, guint64 duration)
{
  FuzzWorld *world = told (owner);

  /* What was sent, and what waits behind what is sent again. */
  FUZZ_CHECK (duration > 0 && duration <= world->sent + world->taken);
}

static gboolean
has_left (const FuzzSpeech *speech, const gchar *response_id)
{
  return g_strcmp0 (speech->response_id, response_id) == 0
      && speech->played > 0;
}

/* Unless something of @id left the loudspeaker it is dropped. */
static gboolean
on_retract (gpointer owner, const gchar *id)
{
  FuzzWorld *world = told (owner);
  GList *next;

  for (GList *l = world->playing.head; l; l = l->next)
    if (has_left (l->data, id))
      return FALSE;
  for (GList *l = world->playing.head; l; l = next) {
    next = l->next;
    if (g_strcmp0 (((FuzzSpeech *) l->data)->response_id, id) != 0)
      continue;
    fuzz_speech_free (l->data);
    g_queue_delete_link (&world->playing, l);
  }
  return TRUE;
}

static void
on_failed (gpointer owner, const Rt2Fault *fault)
{
  FuzzWorld *world = told (owner);

  FUZZ_CHECK (world->state == RT2_SESSION_DISCONNECTED);
  FUZZ_CHECK (!rt2_transport_is_open (world->session->transport));
  check_fault (fault);
  world->failed = TRUE;
}

/* --- the user --- */

static void
on_speech (gpointer owner, const Rt2Utterance *utterance)
{
  told (owner);
  fuzz_check_text (utterance->item_id);
}

static void
on_user_text (gpointer owner, const Rt2Utterance *utterance, const gchar *text,
    gboolean final)
{
  told (owner);
  fuzz_check_text (utterance->item_id);
  fuzz_check_text (text);
  FUZZ_CHECK (text || final);
}

static void
on_turn_ended (gpointer owner, guint64 speech_end)
{
  FuzzWorld *world = told (owner);

  /* Times of the server are whole milliseconds. */
  FUZZ_CHECK (
      speech_end == G_MAXUINT64 || speech_end <= world->running + FUZZ_MS);
}

static void
on_turn_dismissed (gpointer owner, const gchar *item_id, guint64 duration)
{
  FuzzWorld *world = told (owner);

  FUZZ_CHECK (item_id && duration <= world->config->min_interruption);
}

/* --- the agent --- */

static FuzzLife
life_of (FuzzWorld *world, const gchar *id)
{
  return GPOINTER_TO_UINT (g_hash_table_lookup (world->lives, id));
}

static void
set_life (FuzzWorld *world, const gchar *id, FuzzLife life)
{
  g_hash_table_insert (world->lives, g_strdup (id), GUINT_TO_POINTER (life));
}

/* Nothing is heard of a response that did not begin, or is over. */
static void
check_place (FuzzWorld *world, const Rt2Place *place)
{
  FUZZ_CHECK (place->item_id && *place->item_id);
  if (world->setup & FUZZ_TRANSLATION && !place->response_id)
    return;
  FUZZ_CHECK (place->response_id && *place->response_id);
  if (world->n_lives < FUZZ_MANY)
    FUZZ_CHECK (life_of (world, place->response_id) == FUZZ_STARTED);
}

static void
on_response_started (gpointer owner, const gchar *id, Rt2Opening opening)
{
  FuzzWorld *world = told (owner);

  FUZZ_CHECK (id && *id && opening <= RT2_OPENING_DISCLOSURE);
  if (++world->n_lives < FUZZ_MANY)
    FUZZ_CHECK (life_of (world, id) == FUZZ_UNHEARD_OF);
  set_life (world, id, FUZZ_STARTED);
}

static void
on_response_done (
    gpointer owner, const Rt2Response *response, gboolean out_of_band)
{
  FuzzWorld *world = told (owner);

  if (++world->n_lives < FUZZ_MANY)
    FUZZ_CHECK (life_of (world, response->id) != FUZZ_DONE);
  set_life (world, response->id, FUZZ_DONE);
}

static void
on_phase (gpointer owner, const gchar *item_id, Rt2Phase phase)
{
  told (owner);
  FUZZ_CHECK (item_id && phase != RT2_PHASE_UNKNOWN);
}

static void
on_item (
    gpointer owner, const Rt2Place *place, const Rt2Item *item, gboolean done)
{
  check_place (told (owner), place);
  FUZZ_CHECK (g_str_equal (item->id, place->item_id));
}

static void
on_text (gpointer owner, const Rt2Place *place, Rt2TextKind kind,
    const gchar *text, gboolean final)
{
  check_place (told (owner), place);
  fuzz_check_text (text);
  FUZZ_CHECK (text || final);
}

/* --- tools --- */

static void
on_function_call (gpointer owner, const Rt2Call *call)
{
  FuzzWorld *world = told (owner);

  FUZZ_CHECK (call->call_id && *call->call_id && call->response_id);
  FUZZ_CHECK (call->name && *call->name && call->arguments && !call->output);
  fuzz_check_text (call->arguments);
  FUZZ_CHECK (g_hash_table_add (world->calls, g_strdup (call->call_id))
      || g_hash_table_size (world->calls) > RT2_CALLS_MAX_KNOWN / 2);
}

static void
on_function_output (gpointer owner, const Rt2Call *call)
{
  told (owner);
  FUZZ_CHECK (call->output);
  FUZZ_CHECK (call->call_id && *call->call_id);
}

static void
on_command_failed (
    gpointer owner, const Rt2Command *command, const gchar *reason)
{
  told (owner);
  FUZZ_CHECK (command && reason && *reason);
}

/* --- what is only told --- */

static void
on_server_error (gpointer owner, const Rt2ServerError *error)
{
  told (owner);
  check_secret (error->code);
  check_secret (error->message);
  check_secret (error->param);
}

static void
on_rate_limits (gpointer owner, const GPtrArray *limits)
{
  told (owner);
  FUZZ_CHECK (limits);
}

static void
on_notice (gpointer owner, const Rt2Event *event, const Rt2Utterance *silence)
{
  told (owner);
  FUZZ_CHECK (event->type != RT2_EVENT_UNKNOWN);
  FUZZ_CHECK ((silence != NULL) == (event->type == RT2_EVENT_INPUT_TIMEOUT));
}

static void
on_server_event (gpointer owner, const gchar *json, gsize size)
{
  told (owner);
  FUZZ_CHECK (json);
}

static void
on_drained (gpointer owner, gboolean timed_out)
{
  FuzzWorld *world = told (owner);

  FUZZ_CHECK (++world->drained == 1);
}

/* --- the budget --- */

static void
on_budget_exceeded (gpointer owner, const Rt2Spent *spent)
{
  FuzzWorld *world = told (owner);

  FUZZ_CHECK (!world->spent);
  FUZZ_CHECK (spent->by_cost ? spent->cost >= spent->budget.max_cost
                             : spent->duration >= spent->budget.max_duration);
  world->spent = TRUE;
}

static void
on_budget_raised (gpointer owner)
{
  FuzzWorld *world = told (owner);

  FUZZ_CHECK (world->spent);
  world->spent = FALSE;
}

static gboolean
on_in_sentence (gpointer owner)
{
  return ((FuzzWorld *) owner)->playing.length > 0;
}

static guint64
on_session_time (gpointer owner)
{
  FuzzWorld *world = owner;

  if (world->first_asked == 0)
    world->first_asked = fakeclock_now ();
  return (fakeclock_now () - world->first_asked) * 1000;
}

static void
on_unpriced (gpointer owner, const gchar *model)
{
  told (owner);
  FUZZ_CHECK (model);
}

void
fuzz_owner_pay (FuzzWorld *world)
{
  world->budget.max_cost *= 2;
  world->budget.max_duration *= 2;
  rt2_session_set_budget (world->session, world->budget);
  fuzz_world_run (world);
}

/* --- the loudspeaker --- */

void
fuzz_speech_free (FuzzSpeech *speech)
{
  g_free (speech->id);
  g_free (speech->response_id);
  g_free (speech);
}

static FuzzSpeech *
find_speech (FuzzWorld *world, const Rt2Place *place)
{
  for (GList *l = world->playing.head; l; l = l->next) {
    FuzzSpeech *speech = l->data;

    if (!speech->complete && g_str_equal (speech->id, place->item_id)
        && g_strcmp0 (speech->response_id, place->response_id) == 0)
      return speech;
  }
  return NULL;
}

static FuzzSpeech *
add_speech (FuzzWorld *world, const Rt2Place *place)
{
  FuzzSpeech *speech = g_new0 (FuzzSpeech, 1);

  speech->id = g_strdup (place->item_id);
  speech->response_id = g_strdup (place->response_id);
  g_queue_push_tail (&world->playing, speech);
  return speech;
}

static void
add_told (FuzzWorld *world, const gchar *id, guint64 samples)
{
  guint64 *sum = g_hash_table_lookup (world->told, id);

  if (!sum) {
    sum = g_new0 (guint64, 1);
    g_hash_table_insert (world->told, g_strdup (id), sum);
  }
  *sum += samples;
}

static void
on_audio (gpointer owner, const Rt2Place *place, GBytes *audio)
{
  FuzzWorld *world = told (owner);
  FuzzSpeech *speech;
  guint64 samples;

  check_place (world, place);
  FUZZ_CHECK (audio);
  samples = g_bytes_get_size (audio)
      / rt2_audio_format_width (world->config->output_format);
  speech = find_speech (world, place);
  if (!speech)
    speech = add_speech (world, place);
  speech->told += samples;
  add_told (world, place->item_id, samples);
}

static void
on_audio_done (gpointer owner, const Rt2Place *place)
{
  FuzzWorld *world = told (owner);
  FuzzSpeech *speech = find_speech (world, place);

  check_place (world, place);
  if (speech)
    speech->complete = TRUE;
}

void
fuzz_owner_play (FuzzWorld *world, guint ms)
{
  guint rate = rt2_audio_format_rate (world->config->output_format);
  guint64 left = (guint64) ms * rate / 1000;
  FuzzSpeech *speech;

  while (left > 0 && (speech = g_queue_peek_head (&world->playing))) {
    guint64 n = MIN (left, speech->told - speech->played);

    speech->played += n;
    left -= n;
    if (speech->played < speech->told || !speech->complete)
      return;
    fuzz_speech_free (g_queue_pop_head (&world->playing));
  }
}

static gboolean
on_is_playing (gpointer owner)
{
  return ((FuzzWorld *) owner)->playing.length > 0;
}

static gboolean
on_is_protected (gpointer owner)
{
  return ((FuzzWorld *) owner)->is_protected;
}

static Rt2Heard *
heard_of (FuzzWorld *world, const FuzzSpeech *speech)
{
  Rt2Heard *heard = g_new0 (Rt2Heard, 1);

  heard->item_id = g_strdup (speech->id);
  heard->response_id = g_strdup (speech->response_id);
  heard->received = speech->told;
  heard->heard = speech->played;
  heard->rate = rt2_audio_format_rate (world->config->output_format);
  heard->complete = speech->complete;
  heard->heard_text = g_strdup ("words");
  return heard;
}

static void
kill_started (gpointer key, gpointer life, gpointer world)
{
  if (GPOINTER_TO_UINT (life) == FUZZ_STARTED)
    g_ptr_array_add (world, key);
}

static void
kill_all (FuzzWorld *world)
{
  GPtrArray *ids = g_ptr_array_new ();

  g_hash_table_foreach (world->lives, kill_started, ids);
  for (guint i = 0; i < ids->len; i++)
    set_life (world, g_ptr_array_index (ids, i), FUZZ_DEAD);
  g_ptr_array_unref (ids);
}

static GPtrArray *
on_interrupt (gpointer owner)
{
  FuzzWorld *world = told (owner);
  GPtrArray *heard = g_ptr_array_new_with_free_func (
      (GDestroyNotify) rt2_heard_free);
  FuzzSpeech *speech;

  while ((speech = g_queue_pop_head (&world->playing))) {
    g_ptr_array_add (heard, heard_of (world, speech));
    fuzz_speech_free (speech);
  }
  kill_all (world);
  return heard;
}

/* --- the way up --- */

static gboolean
on_pull (gpointer owner, Rt2UplinkPiece *piece)
{
  FuzzWorld *world = told (owner);
  GBytes *audio = g_queue_pop_head (&world->uplink);

  FUZZ_CHECK (rt2_transport_is_open (world->session->transport));
  if (!audio)
    return FALSE;
  *piece = (Rt2UplinkPiece){ .kind = RT2_UPLINK_AUDIO, .rt = world->running };
  if (g_bytes_get_size (audio) > 0) {
    piece->audio = audio;
    world->running += PIECE_MS * FUZZ_MS;
    world->taken += PIECE_MS * FUZZ_MS;
    return TRUE;
  }
  g_bytes_unref (audio);
  piece->kind = RT2_UPLINK_END;
  return TRUE;
}

void
fuzz_owner_say (FuzzWorld *world, guint ms, gboolean loud)
{
  Rt2AudioFormat format = world->config->input_format;
  gsize size = (gsize) rt2_audio_format_rate (format) * PIECE_MS / 1000
      * rt2_audio_format_width (format);

  for (guint i = 0; !world->ended && i < ms; i += PIECE_MS) {
    guint8 *samples = g_malloc (size);

    memset (samples, loud ? 0x20 : rt2_audio_format_silence (format), size);
    g_queue_push_tail (&world->uplink, g_bytes_new_take (samples, size));
  }
  rt2_session_wake (world->session);
  fuzz_world_run (world);
}

void
fuzz_owner_finish (FuzzWorld *world)
{
  if (world->ended)
    return;
  world->ended = TRUE;
  g_queue_push_tail (&world->uplink, g_bytes_new (NULL, 0));
  rt2_session_finish (world->session);
  fuzz_world_run (world);
}

const Rt2SessionListener fuzz_listener = {
  .state = on_state,
  .api_key = on_api_key,
  .pull = on_pull,
  .created = on_session,
  .configured = on_configured,
  .updated = on_session,
  .expiring = on_expiring,
  .moved = on_moved,
  .move_failed = on_move_failed,
  .lost = on_lost,
  .turn_lost = on_turn_lost,
  .retract = on_retract,
  .failed = on_failed,
  .speech_started = on_speech,
  .speech_stopped = on_speech,
  .user_text = on_user_text,
  .turn_ended = on_turn_ended,
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
  .notice = on_notice,
  .server_event = on_server_event,
  .drained = on_drained,
  .is_playing = on_is_playing,
  .budget_exceeded = on_budget_exceeded,
  .budget_raised = on_budget_raised,
  .in_sentence = on_in_sentence,
  .session_time = on_session_time,
  .unpriced = on_unpriced,
};
