/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Before the conversation moves to another session that is not told of all of
 * it, the server in use is asked for a summary: in writing, apart from the
 * conversation. Nothing depends on it: it comes in time or not.
 */
#include "rt2session-private.h"

#include "rt2json.h"

/* us: so long the move waits for it where it may wait. */
#define LIMIT (8 * G_TIME_SPAN_SECOND)
/* There is none to wait for. */
#define NEVER_LATE G_MAXINT64
/* Bytes of it that are told. */
#define MAX_TEXT 4096
/* The server's bound; some 600 words. */
#define MAX_TOKENS 800

#define INSTRUCTIONS                                                           \
  "You hand this conversation over to a colleague who takes your place and "   \
  "has heard nothing of it. Write down what they must know, in the language "  \
  "of the conversation and in at most 200 words: who speaks, what they want, " \
  "facts, names and numbers, what you promised, what is still open. Write "    \
  "nothing else, and do not address the user."

static Rt2Command *
make_request (void)
{
  JsonObject *response = json_object_new ();
  JsonObject *metadata = json_object_new ();
  JsonArray *modalities = json_array_new ();
  Rt2Command *command;
  gchar *json;

  json_array_add_string_element (modalities, "text");
  json_object_set_string_member (metadata, "purpose", "summary");
  json_object_set_string_member (response, "conversation", "none");
  json_object_set_array_member (response, "output_modalities", modalities);
  json_object_set_string_member (response, "instructions", INSTRUCTIONS);
  json_object_set_string_member (response, "tool_choice", "none");
  json_object_set_int_member (response, "max_output_tokens", MAX_TOKENS);
  json_object_set_object_member (response, "metadata", metadata);
  json = rt2_json_to_text (response);
  command = rt2_command_new_response (json, NULL);
  json_object_unref (response);
  g_free (json);
  return command;
}

void
rt2_session_ask_summary (Rt2Session *session)
{
  RT2_SESSION_ASSERT_THREAD (session);
  if (session->summary_until != 0 || session->spending.spent
      || rt2_responses_is_full (session->responses))
    return;
  session->summary_until = NEVER_LATE;
  if (rt2_session_count_left_out (session) == 0)
    return;
  session->summary_until = g_get_monotonic_time () + LIMIT;
  /* The server knows it, and it is older than what is left out now. */
  g_clear_pointer (&session->summary, g_free);
  rt2_session_note_summary (session);
  rt2_session_want_command (session, RT2_WISH_SUMMARY, make_request ());
  rt2_session_send_wishes (session);
}

void
rt2_session_forget_summary (Rt2Session *session)
{
  RT2_SESSION_ASSERT_THREAD (session);
  session->summary_until = 0;
}

gboolean
rt2_session_is_summary_late (Rt2Session *session)
{
  RT2_SESSION_ASSERT_THREAD (session);
  return session->summary_until != 0
      && g_get_monotonic_time () >= session->summary_until;
}

guint
rt2_session_get_left_out (Rt2Session *session, gboolean *summary)
{
  RT2_SESSION_ASSERT_THREAD (session);
  *summary = session->summary != NULL;
  return rt2_session_count_left_out (session);
}

gboolean
rt2_session_asked_itself (Rt2Session *session)
{
  RT2_SESSION_ASSERT_THREAD (session);
  return session->summary_done;
}

void
rt2_session_take_summary (Rt2Session *session, const Rt2Response *response)
{
  GString *text;

  RT2_SESSION_ASSERT_THREAD (session);
  if (response->status != RT2_STATUS_COMPLETED
      && response->status != RT2_STATUS_INCOMPLETE) {
    g_debug ("no summary: %s, %s", rt2_status_name (response->status),
        response->error_message ? response->error_message : "no reason given");
    return;
  }
  text = g_string_new (NULL);
  for (guint i = 0; i < response->output->len; i++) {
    const Rt2Item *item = g_ptr_array_index (response->output, i);

    if (item->type != RT2_ITEM_MESSAGE || !item->text)
      continue;
    if (text->len > 0)
      g_string_append_c (text, '\n');
    g_string_append (text, item->text);
  }
  if (text->len > MAX_TEXT)
    g_string_truncate (text,
        g_utf8_find_prev_char (text->str, text->str + MAX_TEXT + 1)
            - text->str);
  g_free (session->summary);
  session->summary = g_string_free (text, text->len == 0);
}
