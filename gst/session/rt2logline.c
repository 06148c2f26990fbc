/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An event on one line. The text was found to be JSON before it is walked, so
 * the walk only tells strings from the rest, and names from values.
 */
#include "rt2logline.h"

#include <string.h>

#include "rt2fault.h"
#include "rt2json.h"
#include "rt2jsonscan.h"

/* A string without its quotes. */
typedef struct {
  const gchar *text;
  gsize size;
} Slice;

typedef struct {
  const gchar *at, *end;
  GString *out;                           /* NULL: only to look */
  guint depth;                            /* open arrays and objects */
  gboolean hides[RT2_JSON_MAX_DEPTH + 1]; /* the strings at this depth */
  gboolean is_array[RT2_JSON_MAX_DEPTH + 1];
  Slice key; /* of the value that comes next */
} Walk;

static gboolean
slice_is (Slice slice, const gchar *text)
{
  return slice.size == strlen (text)
      && memcmp (slice.text, text, slice.size) == 0;
}

static gboolean
slice_ends (Slice slice, const gchar *text)
{
  gsize size = strlen (text);

  return slice.size >= size
      && memcmp (slice.text + slice.size - size, text, size) == 0;
}

/* What a server of tools is sent to let us in. */
static gboolean
holds_secrets (Slice key)
{
  return slice_is (key, "headers") || slice_is (key, "client_secret");
}

static gboolean
is_secret (Slice key)
{
  return slice_is (key, "authorization") || slice_is (key, "client_secret")
      || slice_is (key, "api_key");
}

static void
copy_char (Walk *walk, gchar c)
{
  if (walk->out)
    g_string_append_c (walk->out, c == '\n' || c == '\r' ? ' ' : c);
}

/* A bracket, a comma, a colon, or a character of a number or a word. */
static void
take_char (Walk *walk)
{
  gchar c = *walk->at++;

  if (c == '{' || c == '[') {
    walk->depth++;
    walk->hides[walk->depth] = c == '{' && holds_secrets (walk->key);
    walk->is_array[walk->depth] = c == '[';
  } else if (c == '}' || c == ']') {
    walk->depth--;
  }
  if (strchr ("{[]},", c))
    walk->key = (Slice){ "", 0 };
  copy_char (walk, c);
}

static Slice
take_string (Walk *walk)
{
  const gchar *from = ++walk->at;

  while (*walk->at != '"')
    walk->at += *walk->at == '\\' ? 2 : 1;
  return (Slice){ from, walk->at++ - from };
}

static void
copy_string (Walk *walk, Slice string)
{
  if (!walk->out)
    return;
  g_string_append_c (walk->out, '"');
  g_string_append_len (walk->out, string.text, string.size);
  g_string_append_c (walk->out, '"');
}

/* Copies up to the next string that is a value, and takes it. */
static gboolean
next_value (Walk *walk, Slice *value)
{
  while (walk->at < walk->end) {
    if (*walk->at != '"') {
      take_char (walk);
      continue;
    }
    *value = take_string (walk);
    if (walk->is_array[walk->depth] || walk->key.size > 0)
      return TRUE;
    walk->key = *value;
    copy_string (walk, *value);
  }
  return FALSE;
}

/* The type of the event, maybe empty. */
static Slice
find_type (const gchar *text, gsize size)
{
  Walk walk = { .at = text, .end = text + size, .key = { "", 0 } };
  Slice value;

  while (next_value (&walk, &value)) {
    if (walk.depth == 1 && slice_is (walk.key, "type"))
      return value;
    walk.key = (Slice){ "", 0 };
  }
  return (Slice){ "", 0 };
}

static guint64
base64_bytes (Slice slice)
{
  while (slice.size > 0 && slice.text[slice.size - 1] == '=')
    slice.size--;
  return (guint64) slice.size * 3 / 4;
}

static void
put_audio (GString *out, Slice value, guint rate)
{
  guint64 bytes = base64_bytes (value);

  g_string_append_printf (out,
      "{\"bytes\":%" G_GUINT64_FORMAT ",\"ms\":%" G_GUINT64_FORMAT "}", bytes,
      bytes / MAX (rate, 1));
}

/* FALSE if it is a link to a picture, or none that we know. */
static gboolean
put_picture (GString *out, Slice value)
{
  static const gchar mark[] = ";base64,";
  const gchar *end = g_strstr_len (value.text, value.size, mark);
  gsize head = strlen ("data:");
  Slice data;

  if (value.size < head || memcmp (value.text, "data:", head) != 0 || !end
      || memchr (value.text, '\\', end - value.text))
    return FALSE;
  data.text = end + strlen (mark);
  data.size = value.text + value.size - data.text;
  g_string_append (out, "{\"media_type\":\"");
  g_string_append_len (out, value.text + head, end - value.text - head);
  g_string_append_printf (
      out, "\",\"bytes\":%" G_GUINT64_FORMAT "}", base64_bytes (data));
  return TRUE;
}

static void
put_value (
    Walk *walk, Slice value, gboolean audio_delta, const Rt2LogPolicy *policy)
{
  GString *out = walk->out;
  /* What tells of sound is an object, one too deep for whoever reads it. */
  gboolean too_deep = walk->depth == RT2_JSON_MAX_DEPTH && !policy->with_audio;

  if (walk->hides[walk->depth] || is_secret (walk->key) || too_deep)
    g_string_append (out, "\"***\"");
  else if (policy->with_audio)
    copy_string (walk, value);
  else if (slice_is (walk->key, "audio"))
    put_audio (out, value, policy->input_rate);
  else if (audio_delta && walk->depth == 1 && slice_is (walk->key, "delta"))
    put_audio (out, value, policy->output_rate);
  else if (!slice_is (walk->key, "image_url") || !put_picture (out, value))
    copy_string (walk, value);
}

static GString *
write_event (const gchar *text, gsize size, const Rt2LogPolicy *policy)
{
  Walk walk = { .at = text, .end = text + size, .key = { "", 0 } };
  gboolean audio_delta = slice_ends (find_type (text, size), "audio.delta");
  Slice value;

  walk.out = g_string_sized_new (MIN (size, 4096));
  while (next_value (&walk, &value)) {
    put_value (&walk, value, audio_delta, policy);
    walk.key = (Slice){ "", 0 };
  }
  if (policy->secret && *policy->secret
      && strstr (walk.out->str, policy->secret))
    g_string_replace (walk.out, policy->secret, "***", 0);
  return walk.out;
}

static void
append_text (
    GString *out, const gchar *text, gsize size, const Rt2LogPolicy *policy)
{
  gchar *valid = g_utf8_make_valid (
      size > 0 ? text : "", MIN (size, RT2_LOG_LINE_MAX_TEXT));
  gchar *clean = rt2_redact (valid, policy->secret);

  rt2_json_append_string (out, clean);
  g_free (clean);
  g_free (valid);
}

static gboolean
is_event (const gchar *text, gsize size)
{
  GString *rewritten = NULL;
  gsize blank = 0;
  gboolean good;

  while (blank < size && strchr (" \t\r\n", text[blank]))
    blank++;
  if (blank == size || text[blank] != '{')
    return FALSE;
  good = rt2_json_scan (text, size, &rewritten, NULL);
  if (rewritten)
    g_string_free (rewritten, TRUE);
  return good;
}

gboolean
rt2_log_line_append (
    GString *out, const gchar *text, gsize size, const Rt2LogPolicy *policy)
{
  GString *event = is_event (text, size) ? write_event (text, size, policy)
                                         : NULL;
  gboolean fits = event && event->len <= RT2_LOG_LINE_MAX_EVENT;

  if (fits)
    g_string_append_len (out, event->str, event->len);
  else
    append_text (out, text, size, policy);
  if (event)
    g_string_free (event, TRUE);
  return fits;
}
