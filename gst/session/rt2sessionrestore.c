/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What outlives a connection: the conversation, which the next server is told.
 */
#include "rt2session-private.h"

/* What a tool gave that only a lost server knows. */
#define LOST_OUTPUT                                                            \
  "{\"error\":\"The tool was called, and may have done its work, but the "     \
  "connection was lost before its result came. Do not call it again unless "   \
  "the user wants that: tell them.\"}"

/* us: how long the VAD may take to find the turns that were sent again. */
#define FIND_LIMIT (2 * G_USEC_PER_SEC)

static const gchar *
new_event_id (gpointer user_data)
{
  return rt2_session_new_event_id (user_data);
}

/* Pictures that are there count for how many may stay. */
static void
list_images (Rt2Session *session)
{
  GPtrArray *items = rt2_conversation_list (session->conversation);

  g_queue_clear_full (&session->images, g_free);
  for (guint i = 0; i < items->len; i++) {
    const Rt2ConversationItem *item = g_ptr_array_index (items, i);

    if (item->image && item->present)
      g_queue_push_tail (&session->images, g_strdup (item->id));
  }
  g_ptr_array_unref (items);
}

static Rt2SeedPolicy
policy_of (Rt2Session *session)
{
  Rt2SeedPolicy policy = {
    .history_limit = session->config->history_limit,
    .image_keep = session->config->image_keep,
    .input_format = session->config->input_format,
    .summary = session->summary,
    .summary_of = session->summary_of,
  };

  return policy;
}

/* A call keeps its conversation by itself. */
static gboolean
is_told (Rt2Session *session)
{
  return session->type == RT2_SESSION_TYPE_REALTIME
      && !session->options->call_id;
}

guint
rt2_session_count_left_out (Rt2Session *session)
{
  const Rt2SeedPolicy policy = policy_of (session);

  RT2_SESSION_ASSERT_THREAD (session);
  if (!is_told (session))
    return 0;
  return rt2_seed_count_left_out (session->conversation, &policy);
}

void
rt2_session_note_summary (Rt2Session *session)
{
  const Rt2SeedPolicy policy = policy_of (session);

  RT2_SESSION_ASSERT_THREAD (session);
  session->summary_of = rt2_seed_count (session->conversation, &policy);
}

void
rt2_session_seed (Rt2Session *session, Rt2Transport *transport, Rt2Seed *seed)
{
  const Rt2SeedPolicy policy = policy_of (session);
  GPtrArray *events;

  RT2_SESSION_ASSERT_THREAD (session);
  if (!is_told (session))
    return;
  events = rt2_seed_update (
      seed, session->conversation, &policy, new_event_id, session);
  for (guint i = 0; i < events->len; i++)
    rt2_transport_send (transport, g_ptr_array_index (events, i));
  g_ptr_array_unref (events);
  if (transport != session->transport)
    return;
  rt2_seed_mark (seed, session->conversation);
  list_images (session);
}

void
rt2_session_restore (Rt2Session *session)
{
  Rt2Seed *seed = rt2_seed_new ();

  RT2_SESSION_ASSERT_THREAD (session);
  rt2_session_seed (session, session->transport, seed);
  rt2_seed_free (seed);
}

gboolean
rt2_session_has_newest_image (Rt2Session *session)
{
  GPtrArray *items = rt2_conversation_list (session->conversation);
  gboolean present = TRUE;

  RT2_SESSION_ASSERT_THREAD (session);
  for (guint i = 0; i < items->len; i++) {
    const Rt2ConversationItem *item = g_ptr_array_index (items, i);

    if (item->image)
      present = item->present && !item->gone;
  }
  g_ptr_array_unref (items);
  return present;
}

/* --- what was under way --- */

static gboolean
is_called (Rt2Session *session, const Rt2ConversationItem *item)
{
  if (item->type == RT2_ITEM_MCP_CALL)
    return item->ran;
  return item->type == RT2_ITEM_FUNCTION_CALL && item->call_id
      && rt2_calls_is_known (session->calls, item->call_id);
}

/* Whether @id called for something that runs, or has run, here or elsewhere. */
static gboolean
has_acted (Rt2Session *session, const gchar *id)
{
  GPtrArray *items = rt2_conversation_list (session->conversation);
  gboolean acted = FALSE;

  for (guint i = 0; i < items->len; i++) {
    const Rt2ConversationItem *item = g_ptr_array_index (items, i);

    acted |= g_strcmp0 (item->response_id, id) == 0
        && is_called (session, item);
  }
  g_ptr_array_unref (items);
  return acted;
}

/* Whether anything came that can be heard or read of @id. */
static gboolean
has_begun (Rt2Session *session, const gchar *id)
{
  GPtrArray *items = rt2_conversation_messages_of (session->conversation, id);
  gboolean begun = FALSE;

  for (guint i = 0; i < items->len; i++) {
    const Rt2ConversationItem *item = g_ptr_array_index (items, i);

    begun |= item->has_audio || item->stated || item->written;
  }
  g_ptr_array_unref (items);
  return begun;
}

static void
forget_messages (Rt2Session *session, const gchar *id)
{
  GPtrArray *items = rt2_conversation_messages_of (session->conversation, id);

  for (guint i = 0; i < items->len; i++)
    rt2_conversation_remove (session->conversation,
        ((Rt2ConversationItem *) g_ptr_array_index (items, i))->id);
  g_ptr_array_unref (items);
}

/* Whether tools of MCP servers were used for @id, and nothing was said after
 * that. */
static gboolean
lacks_answer (Rt2Session *session, const gchar *id)
{
  GPtrArray *items = rt2_conversation_list (session->conversation);
  gboolean lacks = FALSE;

  for (guint i = 0; i < items->len; i++) {
    const Rt2ConversationItem *item = g_ptr_array_index (items, i);

    if (g_strcmp0 (item->response_id, id) != 0)
      continue;
    if (item->type == RT2_ITEM_MCP_CALL)
      lacks |= item->ran;
    else if (item->has_audio || item->stated || item->written)
      lacks = FALSE;
  }
  g_ptr_array_unref (items);
  return lacks;
}

/* Functions that it called as well bring a wish of their own, once all of them
 * have their outputs. */
static gboolean
has_functions (Rt2Session *session, const gchar *id)
{
  GPtrArray *items = rt2_conversation_list (session->conversation);
  gboolean has = FALSE;

  for (guint i = 0; i < items->len; i++) {
    const Rt2ConversationItem *item = g_ptr_array_index (items, i);

    has |= g_strcmp0 (item->response_id, id) == 0
        && item->type == RT2_ITEM_FUNCTION_CALL && is_called (session, item);
  }
  g_ptr_array_unref (items);
  return has;
}

/* The calls of tools of MCP servers for @id: gchar*, their items. */
static GPtrArray *
list_used (Rt2Session *session, const gchar *id)
{
  GPtrArray *items = rt2_conversation_list (session->conversation);
  GPtrArray *used = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < items->len; i++) {
    const Rt2ConversationItem *item = g_ptr_array_index (items, i);

    if (g_strcmp0 (item->response_id, id) == 0
        && item->type == RT2_ITEM_MCP_CALL && item->ran)
      g_ptr_array_add (used, g_strdup (item->id));
  }
  g_ptr_array_unref (items);
  return used;
}

/* What they gave is told to the next server, so that it need not use them
 * again, and is answered there. */
static void
save_results (Rt2Session *session, const gchar *id)
{
  gboolean functions = has_functions (session, id);
  GPtrArray *used = list_used (session, id);

  for (guint i = 0; i < used->len; i++) {
    gchar *output_id;

    rt2_session_new_event_id (session);
    output_id = rt2_session_new_item_id (session, "output");
    rt2_conversation_make_function (session->conversation,
        g_ptr_array_index (used, i), output_id, LOST_OUTPUT);
    g_free (output_id);
  }
  g_ptr_array_unref (used);
  if (!functions)
    rt2_session_want (session, RT2_WISH_TOOLS);
}

/* The answer @id breaks off. TRUE if it stands as far as it came: to ask for it
 * again would be to hear it, or to do what it did, twice. */
static gboolean
break_off (Rt2Session *session, const gchar *id)
{
  const Rt2Wish *wish = rt2_responses_wish_of (session->responses, id);
  gboolean acted = has_acted (session, id);
  gboolean begun = has_begun (session, id);
  gboolean retracted = !begun;

  if (session->listener->retract)
    retracted = session->listener->retract (session->owner, id);
  if (retracted)
    forget_messages (session, id);
  if (retracted && !acted)
    return FALSE;
  /* It must be heard to its end. */
  session->discloses |= wish && wish->kind == RT2_WISH_DISCLOSURE;
  rt2_responses_kill (session->responses, id);
  if (lacks_answer (session, id))
    save_results (session, id);
  return TRUE;
}

/* What a response that the user interrupted called for is not spoken of: its
 * end would have said so. */
static void
silence_dead_calls (Rt2Session *session)
{
  GPtrArray *ids = rt2_calls_list_responses (session->calls);

  for (guint i = 0; i < ids->len; i++) {
    const gchar *id = g_ptr_array_index (ids, i);

    if (id && rt2_responses_is_known (session->responses, id)
        && rt2_responses_is_dead (session->responses, id))
      rt2_calls_silence_of (session->calls, id);
  }
  g_ptr_array_unref (ids);
}

/* --- the user's audio again --- */

static gboolean
has_vad (Rt2Session *session)
{
  return session->type == RT2_SESSION_TYPE_TRANSCRIPTION
      || (session->type == RT2_SESSION_TYPE_REALTIME
          && rt2_session_config_has_vad (session->config));
}

static Rt2ReplayMode
mode_of (Rt2Session *session)
{
  return has_vad (session) ? RT2_REPLAY_SPEECH : RT2_REPLAY_ALL;
}

gboolean
rt2_session_lacks_words (Rt2Session *session)
{
  RT2_SESSION_ASSERT_THREAD (session);
  if (session->type != RT2_SESSION_TYPE_REALTIME || session->options->call_id)
    return FALSE;
  return rt2_replay_lacks_words (session->replay, mode_of (session));
}

guint64
rt2_session_unanswered (Rt2Session *session)
{
  RT2_SESSION_ASSERT_THREAD (session);
  if (session->type != RT2_SESSION_TYPE_REALTIME)
    return 0;
  /* A server may commit the same twice. */
  return MIN (rt2_replay_unanswered (session->replay, mode_of (session)),
             rt2_input_clock_total (session->clock))
      + session->again_ns;
}

static Rt2UplinkPiece
piece_of (const Rt2ReplayStep *step)
{
  Rt2UplinkPiece piece = { RT2_UPLINK_COMMIT, NULL, step->rt, NULL };

  if (step->audio) {
    piece.kind = RT2_UPLINK_AUDIO;
    piece.audio = g_bytes_ref (step->audio);
  }
  return piece;
}

/* @found turns of the VAD's are sent again, besides those that were to be. */
static void
note_turns_again (Rt2Session *session, guint found)
{
  session->turns_again = has_vad (session) && session->again.length > 0
      ? session->turns_again + found
      : 0;
  session->again_since = 0;
}

/* What was said and had no answer at the end of it all gets none. */
static void
forget_audio (Rt2Session *session)
{
  guint64 missing;

  g_ptr_array_unref (
      rt2_replay_take (session->replay, mode_of (session), 0, &missing));
}

/* Of what the user said, what needs an answer, or may not have been heard, is
 * sent again before all else; its items are forgotten. Returns ns that are not
 * kept. */
static guint64
replay_turn (Rt2Session *session)
{
  GPtrArray *turns, *steps;
  guint found = rt2_replay_n_found (session->replay)
      + (session->speech_open || session->vad_commits ? 1 : 0);
  GQueue later = session->again;
  guint64 missing;

  RT2_SESSION_ASSERT_THREAD (session);
  if (session->finish == RT2_FINISH_DONE) {
    forget_audio (session);
    return 0;
  }
  turns = rt2_replay_list (session->replay);
  /* They become items of the next server. */
  for (guint i = 0; i < turns->len; i++)
    rt2_conversation_remove (
        session->conversation, g_ptr_array_index (turns, i));
  g_ptr_array_unref (turns);
  steps = rt2_replay_take (session->replay, mode_of (session),
      session->config->vad_prefix_padding, &missing);
  /* A server may commit the same twice. */
  missing = MIN (missing, rt2_input_clock_total (session->clock));
  g_queue_init (&session->again);
  for (guint i = 0; i < steps->len; i++) {
    const Rt2ReplayStep *step = g_ptr_array_index (steps, i);
    Rt2UplinkPiece piece = piece_of (step);

    if (!step->audio || step->format == session->config->input_format) {
      rt2_session_add_again (session, &piece);
      continue;
    }
    missing += rt2_audio_format_bytes_to_ns (
        step->format, g_bytes_get_size (piece.audio));
    g_bytes_unref (piece.audio);
  }
  g_ptr_array_unref (steps);
  for (GList *l = later.head; l; l = l->next)
    g_queue_push_tail (&session->again, l->data);
  g_queue_clear (&later);
  session->paced = session->again.length > 0;
  note_turns_again (session, found);
  if (session->type != RT2_SESSION_TYPE_REALTIME
      && session->options->max_turn_replay == 0)
    return 0;
  return missing;
}

static guint64
duration_of (Rt2Session *session, const Rt2UplinkPiece *piece)
{
  if (piece->kind != RT2_UPLINK_AUDIO)
    return 0;
  return rt2_audio_format_bytes_to_ns (
      session->config->input_format, g_bytes_get_size (piece->audio));
}

/* Counts @piece as one of those that wait. */
static void
count_in (Rt2Session *session, const Rt2UplinkPiece *piece)
{
  session->again_ns += duration_of (session, piece);
  session->again_others += piece->kind != RT2_UPLINK_AUDIO;
  if (piece->command)
    session->again_bytes += rt2_command_size (piece->command);
}

/* And no more. */
static void
count_out (Rt2Session *session, const Rt2UplinkPiece *piece)
{
  guint64 duration = duration_of (session, piece);

  session->again_ns -= MIN (session->again_ns, duration);
  session->again_others -= piece->kind != RT2_UPLINK_AUDIO;
  if (piece->command)
    session->again_bytes -= rt2_command_size (piece->command);
}

void
rt2_session_add_again (Rt2Session *session, const Rt2UplinkPiece *piece)
{
  RT2_SESSION_ASSERT_THREAD (session);
  g_queue_push_tail (&session->again, g_memdup2 (piece, sizeof *piece));
  count_in (session, piece);
}

gboolean
rt2_session_has_room_again (Rt2Session *session)
{
  RT2_SESSION_ASSERT_THREAD (session);
  return session->again_ns < session->options->max_turn_replay
      && session->again_others < RT2_SESSION_MAX_COMMANDS
      && session->again_bytes < RT2_SESSION_MAX_COMMAND_BYTES;
}

static GList *
last_link (Rt2Session *session)
{
  GList *last = session->again.tail;

  if (last && ((Rt2UplinkPiece *) last->data)->kind == RT2_UPLINK_END)
    last = last->prev;
  return last;
}

const Rt2UplinkPiece *
rt2_session_last_again (Rt2Session *session)
{
  GList *last = last_link (session);

  RT2_SESSION_ASSERT_THREAD (session);
  return last ? last->data : NULL;
}

void
rt2_session_put_again (Rt2Session *session, Rt2Command *command)
{
  GList *last = last_link (session);
  Rt2UplinkPiece *piece = g_new (Rt2UplinkPiece, 1);

  RT2_SESSION_ASSERT_THREAD (session);
  *piece = (Rt2UplinkPiece){ RT2_UPLINK_COMMAND, NULL, G_MAXUINT64, command };
  if (last)
    g_queue_insert_after (&session->again, last, piece);
  else
    g_queue_push_head (&session->again, piece);
  count_in (session, piece);
}

gboolean
rt2_session_next_again (Rt2Session *session, Rt2UplinkPiece *piece)
{
  Rt2UplinkPiece *first = g_queue_pop_head (&session->again);

  RT2_SESSION_ASSERT_THREAD (session);
  if (!first)
    return FALSE;
  *piece = *first;
  g_free (first);
  count_out (session, piece);
  if (session->again.length == 0)
    session->again_ns = 0;
  return TRUE;
}

static void
piece_free (Rt2UplinkPiece *piece)
{
  g_clear_pointer (&piece->audio, g_bytes_unref);
  g_clear_pointer (&piece->command, rt2_command_free);
  g_free (piece);
}

void
rt2_session_clear_again (Rt2Session *session)
{
  RT2_SESSION_ASSERT_THREAD (session);
  g_queue_clear_full (&session->again, (GDestroyNotify) piece_free);
  session->again_ns = 0;
  session->again_others = 0;
  session->again_bytes = 0;
}

guint64
rt2_session_mute_again (Rt2Session *session)
{
  guint64 duration = session->again_ns;
  GList *next;

  RT2_SESSION_ASSERT_THREAD (session);
  for (GList *l = session->again.head; l; l = next) {
    Rt2UplinkPiece *piece = l->data;

    next = l->next;
    if (piece->kind != RT2_UPLINK_AUDIO && piece->kind != RT2_UPLINK_COMMIT)
      continue;
    count_out (session, piece);
    g_queue_delete_link (&session->again, l);
    piece_free (piece);
  }
  session->again_ns = 0;
  session->turns_again = 0;
  return duration;
}

/* The VAD has heard all of it, and is to find its turns. */
static gboolean
awaits_turns (Rt2Session *session, gint64 now, gint64 *until)
{
  if (session->turns_again == 0)
    return FALSE;
  if (session->again_since == 0)
    session->again_since = now;
  if (session->speech_open)
    return TRUE;
  *until = session->again_since + FIND_LIMIT;
  if (now < *until)
    return TRUE;
  *until = 0;
  session->turns_again = 0;
  return FALSE;
}

gboolean
rt2_session_is_catching_up (Rt2Session *session, gint64 now, gint64 *until)
{
  RT2_SESSION_ASSERT_THREAD (session);
  *until = 0;
  if (rt2_responses_has (session->responses, RT2_WISH_DISCLOSURE)
      || rt2_responses_has (session->responses, RT2_WISH_GREETING))
    return FALSE;
  return session->again.length > 0 || awaits_turns (session, now, until);
}

void
rt2_session_note_turn_again (Rt2Session *session)
{
  RT2_SESSION_ASSERT_THREAD (session);
  if (session->turns_again > 0)
    session->turns_again--;
}

/* --- a connection is over --- */

guint64
rt2_session_part (Rt2Session *session)
{
  GPtrArray *active = rt2_responses_list_active (session->responses);
  guint64 missing;

  RT2_SESSION_ASSERT_THREAD (session);
  silence_dead_calls (session);
  for (guint i = 0; i < active->len; i++)
    if (break_off (session, g_ptr_array_index (active, i)))
      rt2_replay_answered (session->replay);
  g_ptr_array_unref (active);
  rt2_session_note_opening (session);
  rt2_responses_disconnected (session->responses);
  /* What was under way when all was spent is not asked for again. */
  if (session->spending.spent)
    rt2_session_drop_wishes (session, RT2_SESSION_SPENT);
  rt2_calls_disconnected (session->calls);
  missing = replay_turn (session);
  /* The server that the end was told to is gone. */
  if (session->finish == RT2_FINISH_WAITING) {
    session->finish = RT2_FINISH_ASKED;
    session->ends_again = TRUE;
  }
  return missing;
}

/* --- items --- */

void
rt2_session_keep_turn (
    Rt2Session *session, const Rt2Event *event, guint64 start, guint64 end)
{
  Rt2Item item = { .id = event->item_id,
    .type = RT2_ITEM_MESSAGE,
    .status = RT2_STATUS_COMPLETED,
    .role = RT2_ROLE_USER };
  const Rt2SeedPolicy policy = policy_of (session);
  Rt2AudioFormat format;
  GBytes *audio;

  RT2_SESSION_ASSERT_THREAD (session);
  if (session->type != RT2_SESSION_TYPE_REALTIME || session->options->call_id
      || !event->item_id)
    return;
  rt2_conversation_note (
      session->conversation, &item, event->previous_item_id, NULL, 0);
  audio = rt2_replay_get (session->replay, start, end, &format);
  if (!audio)
    return;
  rt2_conversation_set_audio (
      session->conversation, event->item_id, audio, format);
  g_bytes_unref (audio);
  rt2_seed_forget_voices (session->conversation, &policy);
}

/* What @item follows in the conversation that the server has. */
static const gchar *
place_of (Rt2Session *session, const Rt2ConversationItem *item)
{
  GPtrArray *items = rt2_conversation_list (session->conversation);
  const gchar *previous = RT2_SEED_NOTE_ID;

  for (guint i = 0; i < items->len; i++) {
    const Rt2ConversationItem *other = g_ptr_array_index (items, i);

    if (other == item)
      break;
    if (other->present && !other->gone)
      previous = other->id;
  }
  g_ptr_array_unref (items);
  return previous;
}

void
rt2_session_shorten_item (
    Rt2Session *session, Rt2ConversationItem *item, const gchar *text)
{
  RT2_SESSION_ASSERT_THREAD (session);
  if (!text || !*text) {
    rt2_session_delete_item (session, item->id);
    return;
  }
  rt2_conversation_set_heard (session->conversation, item->id, text);
  if (!item->present)
    return;
  rt2_session_send (
      session, rt2_build_delete (item->id, rt2_session_new_event_id (session)));
  rt2_session_send (session,
      rt2_seed_build_item (
          item, place_of (session, item), rt2_session_new_event_id (session)));
  session->stats.truncations++;
}
