/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the application asks for, and what the agent is asked to say.
 */
#include "rt2session-private.h"

#define EXPIRED "it expired before its turn came"
#define NOTHING_TO_COMMIT                                                      \
  "less than 100 ms of audio were sent since the last turn"

/* --- wishes --- */

static void
fail (Rt2Session *session, const Rt2Command *command, const gchar *reason)
{
  session->listener->command_failed (session->owner, command, reason);
}

/* What interrupts, answers the user, or must come first waits for nobody. */
static gboolean
is_polite (Rt2WishKind kind, const Rt2Command *command)
{
  if (kind == RT2_WISH_TEXT)
    return !rt2_command_interrupts (command);
  return kind == RT2_WISH_TOOLS || kind == RT2_WISH_GREETING;
}

void
rt2_session_want_command (
    Rt2Session *session, Rt2WishKind kind, Rt2Command *command)
{
  Rt2Wish *wish;

  RT2_SESSION_ASSERT_THREAD (session);
  if (session->spending.spent) {
    g_clear_pointer (&command, rt2_command_free);
    return;
  }
  if (command && rt2_responses_is_full (session->responses)) {
    fail (session, command, "too many wait for their turn already");
    rt2_command_free (command);
    return;
  }
  wish = rt2_wish_new (kind);
  wish->command = command;
  /* What a function returned to an answer that is to be cut is not spoken of;
   * all else that is asked for meanwhile comes after the cut. */
  wish->lasting = kind == RT2_WISH_TEXT || kind == RT2_WISH_DISCLOSURE
      || (session->deferred && kind != RT2_WISH_TOOLS);
  /* It goes before all else, whoever else has something to say. */
  if (kind == RT2_WISH_DISCLOSURE)
    wish->priority = G_MAXINT;
  wish->polite = is_polite (kind, command);
  if (command && kind == RT2_WISH_TEXT) {
    wish->priority = command->priority;
    wish->expires = command->expires;
  }
  if (command && (kind == RT2_WISH_ASKED || kind == RT2_WISH_SUMMARY))
    wish->out_of_band = rt2_command_is_out_of_band (command);
  /* One without a command is served by any of those that it finds no room
   * beside. */
  rt2_responses_want (session->responses, wish);
}

void
rt2_session_want (Rt2Session *session, Rt2WishKind kind)
{
  RT2_SESSION_ASSERT_THREAD (session);
  rt2_session_want_command (session, kind, NULL);
}

/* Tells of messages that came too late to be said. */
static void
drop_expired (Rt2Session *session)
{
  GPtrArray *expired = rt2_responses_expire (
      session->responses, g_get_monotonic_time ());

  for (guint i = 0; expired && i < expired->len; i++) {
    const Rt2Wish *wish = g_ptr_array_index (expired, i);

    fail (session, wish->command, EXPIRED);
  }
  g_clear_pointer (&expired, g_ptr_array_unref);
}

void
rt2_session_drop_wishes (Rt2Session *session, const gchar *reason)
{
  GPtrArray *wishes = rt2_responses_drop (session->responses);

  RT2_SESSION_ASSERT_THREAD (session);
  for (guint i = 0; i < wishes->len; i++) {
    const Rt2Wish *wish = g_ptr_array_index (wishes, i);

    if (wish->command
        && (wish->kind == RT2_WISH_TEXT || wish->kind == RT2_WISH_ASKED))
      fail (session, wish->command, reason);
  }
  g_ptr_array_unref (wishes);
}

static gboolean
on_wish_timer (gpointer data)
{
  Rt2Session *session = data;

  rt2_session_disarm (&session->wish_timer);
  rt2_session_wake (session);
  return G_SOURCE_REMOVE;
}

/* Comes back at @next, when a wish expires, or when the user's turn is not
 * committed after all. */
static void
await_next (Rt2Session *session, gint64 now, gint64 next)
{
  gint64 expiry = rt2_responses_next_expiry (session->responses);

  if (next == 0 || (expiry != 0 && expiry < next))
    next = expiry;
  if (session->floor_until > now && (next == 0 || session->floor_until < next))
    next = session->floor_until;
  rt2_session_disarm (&session->wish_timer);
  if (next != 0)
    rt2_session_arm (session, &session->wish_timer, MAX (next - now, 0) * 1000,
        on_wish_timer);
}

/* --- items of ours --- */

static const gchar *const item_kinds[] = { "message", "image", "output" };

gchar *
rt2_session_new_item_id (Rt2Session *session, const gchar *kind)
{
  RT2_SESSION_ASSERT_THREAD (session);
  return g_strdup_printf ("%s-%s", kind, session->event_id);
}

void
rt2_session_forget_refused (Rt2Session *session, const gchar *event_id)
{
  RT2_SESSION_ASSERT_THREAD (session);
  for (guint i = 0; i < G_N_ELEMENTS (item_kinds); i++) {
    gchar *id = g_strdup_printf ("%s-%s", item_kinds[i], event_id);

    rt2_conversation_remove (session->conversation, id);
    g_free (id);
  }
}

static void
send_text (Rt2Session *session, const Rt2Command *command)
{
  const gchar *event_id = rt2_session_new_event_id (session);
  gchar *item_id = rt2_session_new_item_id (session, "message");

  rt2_session_send (session,
      rt2_build_text_item (
          item_id, NULL, command->role, command->text, event_id));
  rt2_conversation_add_message (
      session->conversation, item_id, command->role, command->text);
  g_free (item_id);
}

static void
send_wish (Rt2Session *session)
{
  gchar *mark;
  const Rt2Wish *wish;
  const Rt2Command *command;

  mark = g_strdup (rt2_session_new_event_id (session));
  wish = rt2_responses_take (session->responses, mark);
  command = wish->command;
  if (command && command->kind == RT2_COMMAND_SEND_TEXT) {
    send_text (session, command);
    command = NULL;
  }
  rt2_session_send (session,
      rt2_build_response_create (command ? command->text : NULL, mark));
  g_free (mark);
}

void
rt2_session_send_wishes (Rt2Session *session)
{
  gint64 now = g_get_monotonic_time (), next;
  gboolean late = rt2_session_is_catching_up (session, now, &next);

  RT2_SESSION_ASSERT_THREAD (session);
  rt2_session_end_unannounced (session, now, &next);
  drop_expired (session);
  /* One that was sent before may have come back. */
  if (session->spending.spent)
    rt2_session_drop_wishes (session, RT2_SESSION_SPENT);
  rt2_responses_set_floor (
      session->responses, session->speech_open || now < session->floor_until);
  /* What is to be cut must not be mixed with what comes after the cut. */
  rt2_responses_hold (session->responses, session->deferred || late);
  while (session->configured && session->mcp_waiting == 0
      && rt2_responses_is_ready (session->responses))
    send_wish (session);
  await_next (session, now, next);
}

/* --- commands --- */

static void
commit_input (Rt2Session *session, const Rt2Command *command)
{
  if (session->options->call_id)
    fail (session, command, "the audio of a call is not ours to commit");
  else if (session->uncommitted < RT2_SESSION_COMMIT_MIN)
    fail (session, command, NOTHING_TO_COMMIT);
  else if (rt2_session_has_many_commits (session))
    fail (session, command,
        "the server has not taken the turns before it; try again later");
  else
    rt2_session_commit (session);
}

/* What is to be answered at once, or is not to be answered, goes right away:
 * the rest waits with its answer. */
static void
handle_text (Rt2Session *session, Rt2Command *command)
{
  if (command->expires != 0 && command->expires <= g_get_monotonic_time ()) {
    fail (session, command, EXPIRED);
    rt2_command_free (command);
    return;
  }
  if (!command->respond) {
    send_text (session, command);
    rt2_command_free (command);
    return;
  }
  if (rt2_command_interrupts (command))
    rt2_session_interrupt_when_allowed (session);
  rt2_session_want_command (session, RT2_WISH_TEXT, command);
}

/* Pictures cost tokens with each response: old ones are deleted. */
static void
prune_images (Rt2Session *session)
{
  guint keep = session->config->image_keep;

  while (keep > 0 && session->images.length > keep) {
    gchar *oldest = g_queue_pop_head (&session->images);

    rt2_session_delete_item (session, oldest);
    g_free (oldest);
  }
}

static void
send_image (Rt2Session *session, const Rt2Command *command)
{
  const gchar *event_id = rt2_session_new_event_id (session);
  gchar *item_id = rt2_session_new_item_id (session, "image");

  rt2_session_send (session,
      rt2_build_image_item (item_id, NULL, command->media_type, command->image,
          command->detail, event_id));
  rt2_conversation_add_image (session->conversation, item_id, command->image,
      command->media_type, command->detail);
  session->stats.images++;
  g_queue_push_tail (&session->images, item_id);
  prune_images (session);
}

static void
take_result (Rt2Session *session, const Rt2Command *command)
{
  gboolean taken = rt2_calls_answer (
      session->calls, command->id, command->text, command->silent);

  if (taken)
    rt2_session_send_outputs (session);
  else
    fail (session, command, "no call with this id waits for an output");
}

static void
approve (Rt2Session *session, const Rt2Command *command)
{
  gchar *event_id = g_strdup (rt2_session_new_event_id (session));
  gchar *item_id = g_strdup_printf ("approval-%s", event_id);

  rt2_session_send (session,
      rt2_build_approval (item_id, command->id, command->approve, event_id));
  g_free (item_id);
  g_free (event_id);
}

/* Whether @command makes sense in a session of this type. */
static gboolean
fits (Rt2Session *session, const Rt2Command *command)
{
  return session->type == RT2_SESSION_TYPE_REALTIME
      || command->kind == RT2_COMMAND_CLIENT_EVENT
      || (session->type == RT2_SESSION_TYPE_TRANSCRIPTION
          && (command->kind == RT2_COMMAND_COMMIT_INPUT
              || command->kind == RT2_COMMAND_CLEAR_INPUT));
}

/* TRUE if @command was taken over. */
static gboolean
execute (Rt2Session *session, Rt2Command *command)
{
  switch (command->kind) {
    case RT2_COMMAND_COMMIT_INPUT:
      commit_input (session, command);
      return FALSE;
    case RT2_COMMAND_CLEAR_INPUT:
      rt2_session_clear_turn (session);
      return FALSE;
    case RT2_COMMAND_SEND_TEXT:
      handle_text (session, command);
      return TRUE;
    case RT2_COMMAND_SEND_IMAGE:
      send_image (session, command);
      return FALSE;
    case RT2_COMMAND_CREATE_RESPONSE:
      rt2_session_want_command (session, RT2_WISH_ASKED, command);
      return TRUE;
    case RT2_COMMAND_CANCEL_RESPONSE:
      rt2_session_interrupt_when_allowed (session);
      return FALSE;
    case RT2_COMMAND_FUNCTION_RESULT:
      take_result (session, command);
      return FALSE;
    case RT2_COMMAND_APPROVE_MCP:
      approve (session, command);
      return FALSE;
    case RT2_COMMAND_CLIENT_EVENT:
      rt2_session_send (session, g_steal_pointer (&command->text));
      return FALSE;
  }
  return FALSE;
}

void
rt2_session_execute (Rt2Session *session, Rt2Command *command)
{
  RT2_SESSION_ASSERT_THREAD (session);
  if (!fits (session, command)) {
    fail (session, command, "this type of session has no such thing");
    rt2_command_free (command);
  } else if (rt2_session_is_unaffordable (session, command)) {
    fail (session, command, RT2_SESSION_SPENT);
    rt2_command_free (command);
  } else if (!execute (session, command)) {
    rt2_command_free (command);
  }
  rt2_session_send_wishes (session);
}

/* The next that waits, or NULL. It makes room for another. */
static Rt2Command *
next_command (Rt2Session *session)
{
  Rt2Command *command = g_queue_pop_head (&session->commands);

  if (!command)
    return NULL;
  g_mutex_lock (&session->lock);
  session->n_commands--;
  session->command_bytes -= rt2_command_size (command);
  g_mutex_unlock (&session->lock);
  return command;
}

static gboolean
ends_input (const Rt2Command *command)
{
  return command->kind == RT2_COMMAND_COMMIT_INPUT
      || command->kind == RT2_COMMAND_CLEAR_INPUT;
}

static gboolean
is_end_of_input (const Rt2UplinkPiece *piece)
{
  return piece->kind == RT2_UPLINK_COMMAND && ends_input (piece->command);
}

/* What was said before @command is still to be sent again: it comes after it,
 * but before the end. Where nothing is between two of them the later one has
 * nothing to do. */
static void
put_behind_input (Rt2Session *session, Rt2Command *command)
{
  const Rt2UplinkPiece *last = rt2_session_last_again (session);
  const Rt2Command *before = last && is_end_of_input (last) ? last->command
                                                            : NULL;

  if (!before
      || (command->kind != before->kind
          && command->kind == RT2_COMMAND_CLEAR_INPUT)) {
    rt2_session_put_again (session, command);
    return;
  }
  if (command->kind == RT2_COMMAND_COMMIT_INPUT)
    fail (session, command, NOTHING_TO_COMMIT);
  rt2_command_free (command);
}

void
rt2_session_run_commands (Rt2Session *session)
{
  Rt2Command *command;

  RT2_SESSION_ASSERT_THREAD (session);
  while (session->configured && (command = next_command (session))) {
    if (session->again.length > 0 && ends_input (command))
      put_behind_input (session, command);
    else
      rt2_session_execute (session, command);
  }
}
