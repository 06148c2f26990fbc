/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the server says in one response, and how it says it. Plain data. */
#include "reply.h"

static void
say_free (gpointer data)
{
  Say *say = data;

  g_free (say->phase);
  g_free (say->text);
  g_free (say->name);
  g_free (say->call_id);
  g_free (say->label);
  g_free (say->request_id);
  g_free (say->result);
  g_clear_pointer (&say->error, json_object_unref);
  g_free (say);
}

Reply *
reply_new (void)
{
  Reply *reply = g_rc_box_new0 (Reply);

  reply->say = g_ptr_array_new_with_free_func (say_free);
  reply->overlap = TRUE;
  reply->phase_on = PHASE_ON_ALL;
  reply->status = g_strdup ("completed");
  reply->close_code = -1;
  return reply;
}

Reply *
reply_new_failed (const gchar *type, const gchar *code, const gchar *message)
{
  Reply *reply = reply_new ();

  g_free (reply->status);
  reply->status = g_strdup ("failed");
  reply->error_type = g_strdup (type);
  reply->error_code = g_strdup (code);
  reply->error_message = g_strdup (message);
  return reply;
}

Reply *
reply_new_like (const Reply *like)
{
  Reply *reply = g_rc_box_new0 (Reply);

  *reply = *like;
  reply->say = g_ptr_array_new_with_free_func (say_free);
  reply->status = g_strdup (like->status);
  reply->error_code = g_strdup (like->error_code);
  reply->error_message = g_strdup (like->error_message);
  reply->error_type = g_strdup (like->error_type);
  reply->close_reason = g_strdup (like->close_reason);
  return reply;
}

Reply *
reply_ref (Reply *reply)
{
  return g_rc_box_acquire (reply);
}

static void
reply_clear (gpointer data)
{
  Reply *reply = data;

  g_ptr_array_unref (reply->say);
  g_free (reply->status);
  g_free (reply->error_code);
  g_free (reply->error_message);
  g_free (reply->error_type);
  g_free (reply->close_reason);
}

void
reply_unref (Reply *reply)
{
  g_rc_box_release_full (reply, reply_clear);
}

Say *
reply_add (Reply *reply, SayKind kind, const gchar *phase, const gchar *text)
{
  Say *say = g_new0 (Say, 1);

  say->kind = kind;
  say->phase = g_strdup (phase);
  say->text = g_strdup (text);
  say->tone_ms = -1;
  say->delta_chars = -1;
  g_ptr_array_add (reply->say, say);
  return say;
}

Say *
reply_add_copy (Reply *reply, const Say *say)
{
  Say *copy = reply_add (reply, say->kind, say->phase, say->text);

  copy->tone_ms = say->tone_ms;
  copy->name = g_strdup (say->name);
  copy->call_id = g_strdup (say->call_id);
  copy->delta_chars = say->delta_chars;
  copy->label = g_strdup (say->label);
  copy->request_id = g_strdup (say->request_id);
  copy->result = g_strdup (say->result);
  if (say->error != NULL)
    copy->error = json_object_ref (say->error);
  return copy;
}
