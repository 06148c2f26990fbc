/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the events of a translation session mean. They know no items and no
 * turns: audio and words come as they come, and each belongs to an instant of
 * the user's audio. The words are cut into items at the ends of sentences and
 * at long pauses.
 */
#include "rt2session-private.h"

#include <string.h>

/* The item that all translated audio belongs to. */
#define AUDIO_ITEM "translation"
/* Words this far apart, ns, do not belong together. */
#define LONG_PAUSE (G_GUINT64_CONSTANT (2) * 1000000000)

/* TRUE if @text ends a sentence, so that the next words begin an item. */
static gboolean
ends_sentence (const gchar *text)
{
  static const gchar *const ends[] = { ".", "!", "?", "…", "。", "！", "？",
    "।", NULL };

  for (guint i = 0; ends[i]; i++)
    if (g_str_has_suffix (text, ends[i]))
      return TRUE;
  return FALSE;
}

/* Whether @delta goes on with the word before it, as "5" does after "3.". */
static gboolean
continues_word (const gchar *delta)
{
  gunichar c = g_utf8_get_char (delta);

  return g_unichar_isdigit (c) || g_unichar_ispunct (c);
}

static guint64
due_at (Rt2Session *session, guint64 ms)
{
  return rt2_input_clock_to_running_time (session->clock, ms);
}

/* The instant of the input that words belong to: as said, or else that of the
 * audio that came so far. */
static guint64
due_of_words (Rt2Session *session, const Rt2Event *event)
{
  if (event->elapsed_ms != G_MAXUINT64)
    return due_at (session, event->elapsed_ms);
  return due_at (session, session->translated / 1000000);
}

/* Whether @delta, of the instant @due, begins another item. */
static gboolean
begins_item (const Rt2Sentence *sentence, const gchar *delta, guint64 due)
{
  if (sentence->complete && !continues_word (delta))
    return TRUE;
  return sentence->last > 0 && due != G_MAXUINT64
      && due > sentence->last + LONG_PAUSE;
}

/* Ends the item of @sentence if @delta begins a new one, and gives the id of
 * the item that @delta belongs to. New string. */
static gchar *
item_for (Rt2Sentence *sentence, const gchar *prefix, const gchar *delta,
    guint64 due, gchar **ended)
{
  *ended = NULL;
  if (begins_item (sentence, delta, due)) {
    *ended = g_strdup_printf ("%s-%u", prefix, sentence->number);
    sentence->number++;
  }
  sentence->complete = ends_sentence (delta);
  if (due != G_MAXUINT64)
    sentence->last = due;
  return g_strdup_printf ("%s-%u", prefix, sentence->number);
}

static void
report_output (Rt2Session *session, const gchar *item_id, guint64 due,
    const gchar *text, gboolean final)
{
  Rt2Place place = { NULL, item_id, 0, due };

  session->listener->text (
      session->owner, &place, RT2_TEXT_TRANSCRIPT, text, final);
}

static void
report_input (Rt2Session *session, const gchar *item_id, guint64 due,
    const gchar *text, gboolean final)
{
  Rt2Utterance utterance = { item_id, due, G_MAXUINT64, due };

  session->listener->user_text (session->owner, &utterance, text, final);
}

typedef void (*Report) (Rt2Session *session, const gchar *item_id, guint64 due,
    const gchar *text, gboolean final);

static void
take_words (Rt2Session *session, const Rt2Event *event, Rt2Sentence *sentence,
    const gchar *prefix, Report report)
{
  guint64 due = due_of_words (session, event);
  gchar *id, *ended;

  if (!event->text || !*event->text)
    return;
  id = item_for (sentence, prefix, event->text, due, &ended);
  if (ended)
    report (session, ended, due, NULL, TRUE);
  report (session, id, due, event->text, FALSE);
  g_free (id);
  g_free (ended);
}

void
rt2_session_on_translated_text (Rt2Session *session, const Rt2Event *event)
{
  RT2_SESSION_ASSERT_THREAD (session);
  take_words (
      session, event, &session->output_sentence, "translation", report_output);
}

void
rt2_session_on_source_text (Rt2Session *session, const Rt2Event *event)
{
  RT2_SESSION_ASSERT_THREAD (session);
  take_words (session, event, &session->input_sentence, "source", report_input);
}

/* The instant of the audio that comes next. What is said over silence that we
 * made belongs to where the input stood still. */
static guint64
due_of_audio (Rt2Session *session)
{
  guint64 due = due_at (session, session->translated / 1000000);

  if (due != G_MAXUINT64)
    session->translated_due = due;
  return session->translated_due;
}

void
rt2_session_on_translated_audio (Rt2Session *session, const Rt2Event *event)
{
  Rt2Place place = { NULL, AUDIO_ITEM, 0, due_of_audio (session) };

  RT2_SESSION_ASSERT_THREAD (session);
  session->translated += rt2_audio_format_bytes_to_ns (
      session->config->output_format, g_bytes_get_size (event->audio));
  rt2_replay_settle_until (session->replay, session->translated);
  session->listener->audio (session->owner, &place, event->audio);
}

/* Another session goes on with what is said. */
static void
begin_anew (Rt2Session *session)
{
  session->output_sentence.number++;
  session->input_sentence.number++;
  session->output_sentence.complete = session->input_sentence.complete = FALSE;
  rt2_session_drained (session);
}

void
rt2_session_on_closed (Rt2Session *session, const Rt2Event *event)
{
  gchar *output = g_strdup_printf (
      "translation-%u", session->output_sentence.number);
  gchar *input = g_strdup_printf ("source-%u", session->input_sentence.number);
  Rt2Place place = { NULL, AUDIO_ITEM, 0, G_MAXUINT64 };

  RT2_SESSION_ASSERT_THREAD (session);
  session->closed = TRUE;
  report_output (session, output, G_MAXUINT64, NULL, TRUE);
  report_input (session, input, G_MAXUINT64, NULL, TRUE);
  if (rt2_session_is_draining (session))
    begin_anew (session);
  else
    session->listener->audio_done (session->owner, &place);
  if (session->finish != RT2_FINISH_NONE)
    rt2_transport_close (session->transport);
  g_free (output);
  g_free (input);
}
