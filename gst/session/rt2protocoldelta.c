/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Audio deltas without a DOM. They are nearly all that a server sends, and a
 * DOM of one costs many times what finding its members and decoding them in
 * place does. The walk takes what servers send day by day and leaves everything
 * else to the general parser: escapes, nesting, bytes beyond ASCII, odd
 * numbers, names given twice, ids that are too long, audio that is not base64.
 */
#include "rt2protocolpriv.h"

#include <string.h>
#include "rt2base64.h"

/* More members than any server puts into a delta. */
#define MAX_MEMBERS 64
/* Digits of an index that need no range check. */
#define MAX_DIGITS 9

typedef enum {
  KEY_TYPE,
  KEY_EVENT_ID,
  KEY_RESPONSE_ID,
  KEY_ITEM_ID,
  KEY_DELTA,
  KEY_OUTPUT_INDEX,
  KEY_CONTENT_INDEX,
  KEY_PREVIOUS_ITEM_ID,
  KEY_CALL_ID,
  N_KEYS,
  KEY_OTHER = N_KEYS
} Key;

static const gchar *const key_names[N_KEYS] = {
  "type",
  "event_id",
  "response_id",
  "item_id",
  "delta",
  "output_index",
  "content_index",
  "previous_item_id",
  "call_id",
};

/* A piece of the message; a string without its quotes. */
typedef struct {
  const gchar *text; /* NULL: absent, or null */
  gsize size;
} Slice;

typedef struct {
  const gchar *at, *end; /* what is left of the message */
  guint seen;            /* bit per Key */
  guint n_members;
  Slice strings[N_KEYS]; /* of the keys that hold strings */
  guint numbers[N_KEYS]; /* of the keys that hold indices */
} Walk;

static void
skip_space (Walk *walk)
{
  while (walk->at < walk->end
      && (*walk->at == ' ' || *walk->at == '\n' || *walk->at == '\r'
          || *walk->at == '\t'))
    walk->at++;
}

static gboolean
take (Walk *walk, gchar c)
{
  if (walk->at >= walk->end || *walk->at != c)
    return FALSE;
  walk->at++;
  return TRUE;
}

/* A string of printable ASCII without escapes. */
static gboolean
take_plain_string (Walk *walk, Slice *slice)
{
  if (!take (walk, '"'))
    return FALSE;
  slice->text = walk->at;
  for (; walk->at < walk->end; walk->at++) {
    guchar c = *walk->at;

    if (c == '"') {
      slice->size = walk->at++ - slice->text;
      return TRUE;
    }
    if (c < 0x20 || c >= 0x80 || c == '\\')
      return FALSE;
  }
  return FALSE;
}

/* A string up to the next quote, whatever is in it: the decoder will refuse
 * what is not base64, and with it every escape. */
static gboolean
take_base64_string (Walk *walk, Slice *slice)
{
  const gchar *quote;

  if (!take (walk, '"'))
    return FALSE;
  quote = memchr (walk->at, '"', walk->end - walk->at);
  if (!quote)
    return FALSE;
  slice->text = walk->at;
  slice->size = quote - walk->at;
  walk->at = quote + 1;
  return TRUE;
}

static gboolean
take_word (Walk *walk, const gchar *word)
{
  gsize length = strlen (word);

  if ((gsize) (walk->end - walk->at) < length
      || memcmp (walk->at, word, length) != 0)
    return FALSE;
  walk->at += length;
  return TRUE;
}

/* A whole number without sign or leading zeros that fits in a guint. */
static gboolean
take_index (Walk *walk, guint *number)
{
  const gchar *from = walk->at;
  guint value = 0;

  while (walk->at < walk->end && g_ascii_isdigit (*walk->at)
      && walk->at - from < MAX_DIGITS)
    value = value * 10 + (*walk->at++ - '0');
  if (walk->at == from || (*from == '0' && walk->at - from > 1))
    return FALSE;
  *number = value;
  return TRUE;
}

static gboolean
skip_digits (Walk *walk)
{
  const gchar *from = walk->at;

  while (walk->at < walk->end && g_ascii_isdigit (*walk->at))
    walk->at++;
  return walk->at > from;
}

/* A number without exponent. */
static gboolean
skip_number (Walk *walk)
{
  take (walk, '-');
  if (!take (walk, '0') && !skip_digits (walk))
    return FALSE;
  return !take (walk, '.') || skip_digits (walk);
}

/* The value of a member that nobody asked for. */
static gboolean
skip_scalar (Walk *walk)
{
  Slice string;

  if (walk->at < walk->end && *walk->at == '"')
    return take_plain_string (walk, &string);
  return take_word (walk, "null") || take_word (walk, "true")
      || take_word (walk, "false") || skip_number (walk);
}

static Key
find_key (const Slice *name)
{
  for (guint i = 0; i < N_KEYS; i++) {
    if (strlen (key_names[i]) == name->size
        && memcmp (key_names[i], name->text, name->size) == 0)
      return i;
  }
  return KEY_OTHER;
}

static gboolean
slice_is (const Slice *slice, Rt2EventType type)
{
  const gchar *name = rt2_event_type_name (type);

  return slice->text && slice->size == strlen (name)
      && memcmp (slice->text, name, slice->size) == 0;
}

static gboolean
take_type (Walk *walk, Slice *slice)
{
  return take_plain_string (walk, slice)
      && (slice_is (slice, RT2_EVENT_AUDIO_DELTA)
          || slice_is (slice, RT2_EVENT_TRANSLATION_AUDIO_DELTA));
}

static gboolean
take_id (Walk *walk, Slice *slice)
{
  return take_word (walk, "null")
      || (take_plain_string (walk, slice)
          && slice->size <= RT2_PROTOCOL_MAX_SERVER_ID);
}

static gboolean
take_value (Walk *walk, Key key)
{
  switch (key) {
    case KEY_TYPE:
      return take_type (walk, &walk->strings[key]);
    case KEY_EVENT_ID:
    case KEY_RESPONSE_ID:
    case KEY_ITEM_ID:
      return take_id (walk, &walk->strings[key]);
    case KEY_DELTA:
      return take_base64_string (walk, &walk->strings[key]);
    case KEY_OUTPUT_INDEX:
    case KEY_CONTENT_INDEX:
      return take_word (walk, "null") || take_index (walk, &walk->numbers[key]);
    case KEY_OTHER:
      return skip_scalar (walk);
    default:
      return FALSE; /* an address that no delta has */
  }
}

static gboolean
take_member (Walk *walk)
{
  Slice name;
  Key key;

  skip_space (walk);
  if (++walk->n_members > MAX_MEMBERS || !take_plain_string (walk, &name))
    return FALSE;
  key = find_key (&name);
  if (key != KEY_OTHER && walk->seen & 1u << key)
    return FALSE;
  walk->seen |= 1u << key;
  skip_space (walk);
  if (!take (walk, ':'))
    return FALSE;
  skip_space (walk);
  if (!take_value (walk, key))
    return FALSE;
  skip_space (walk);
  return TRUE;
}

/* The whole message. Objects without members are none of ours. */
static gboolean
take_message (Walk *walk)
{
  skip_space (walk);
  if (!take (walk, '{'))
    return FALSE;
  do {
    if (!take_member (walk))
      return FALSE;
  } while (take (walk, ','));
  if (!take (walk, '}'))
    return FALSE;
  skip_space (walk);
  return walk->at == walk->end;
}

static gchar *
dup_slice (const Slice *slice)
{
  return slice->size > 0 ? g_strndup (slice->text, slice->size) : NULL;
}

Rt2Event *
rt2_event_parse_delta (const gchar *text, gsize size)
{
  Walk walk = { .at = text, .end = text + size };
  const Slice *type = &walk.strings[KEY_TYPE];
  const Slice *delta = &walk.strings[KEY_DELTA];
  GBytes *audio;
  Rt2Event *event;

  if (!take_message (&walk) || !type->text || !delta->text)
    return NULL;
  audio = rt2_base64_decode (delta->text, delta->size);
  if (!audio)
    return NULL;
  event = g_new0 (Rt2Event, 1);
  event->type = slice_is (type, RT2_EVENT_AUDIO_DELTA)
      ? RT2_EVENT_AUDIO_DELTA
      : RT2_EVENT_TRANSLATION_AUDIO_DELTA;
  event->type_name = dup_slice (type);
  event->event_id = dup_slice (&walk.strings[KEY_EVENT_ID]);
  event->response_id = dup_slice (&walk.strings[KEY_RESPONSE_ID]);
  event->item_id = dup_slice (&walk.strings[KEY_ITEM_ID]);
  event->output_index = walk.numbers[KEY_OUTPUT_INDEX];
  event->content_index = walk.numbers[KEY_CONTENT_INDEX];
  event->audio = audio;
  return event;
}
