/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A head, byte by byte, and a payload, as it comes.
 */
#include "chaosframes.h"

#include <string.h>

#define FIN 0x80
#define MASKED 0x80
#define CONTINUED 0
#define TEXT 1

void
chaos_frames_init (ChaosFrames *frames, ChaosFramesFunc func, gpointer data)
{
  *frames = (ChaosFrames){ .func = func,
    .data = data,
    .head = g_byte_array_new (),
    .message = g_byte_array_new () };
}

void
chaos_frames_clear (ChaosFrames *frames)
{
  g_byte_array_unref (frames->head);
  g_byte_array_unref (frames->message);
}

static void
end_message (ChaosFrames *frames)
{
  static const guint8 end = 0;

  if (!frames->fin || !frames->text)
    return;
  g_byte_array_append (frames->message, &end, 1);
  frames->func (
      frames->data, (gchar *) frames->message->data, frames->message->len - 1);
  g_byte_array_set_size (frames->message, 0);
  frames->text = FALSE;
}

/* Bytes that the head of a frame has, as far as it is known. */
static gsize
head_size (const guint8 *head, gsize n)
{
  gsize size = 2;

  if (n < 2)
    return size;
  if ((head[1] & 127) == 126)
    size += 2;
  else if ((head[1] & 127) == 127)
    size += 8;
  return size + (head[1] & MASKED ? 4 : 0);
}

static void
begin_frame (ChaosFrames *frames)
{
  const guint8 *head = frames->head->data;
  guint opcode = head[0] & 15, size = head[1] & 127;
  guint extra = size == 126 ? 2 : size == 127 ? 8 : 0;

  frames->left = extra > 0 ? 0 : size;
  for (guint i = 0; i < extra; i++)
    frames->left = frames->left << 8 | head[2 + i];
  memset (frames->mask, 0, sizeof frames->mask);
  if (head[1] & MASKED)
    memcpy (frames->mask, head + 2 + extra, sizeof frames->mask);
  frames->at = 0;
  frames->fin = head[0] & FIN;
  if (opcode != CONTINUED)
    frames->text = opcode == TEXT;
  g_byte_array_set_size (frames->head, 0);
  if (frames->left == 0)
    end_message (frames);
}

static void
add_to_head (ChaosFrames *frames, guint8 byte)
{
  GByteArray *head = frames->head;

  g_byte_array_append (head, &byte, 1);
  if (frames->upgraded) {
    if (head->len >= head_size (head->data, head->len))
      begin_frame (frames);
  } else if (head->len >= 4
      && memcmp (head->data + head->len - 4, "\r\n\r\n", 4) == 0) {
    frames->upgraded = TRUE;
    g_byte_array_set_size (head, 0);
  }
}

static void
add_to_payload (ChaosFrames *frames, const guint8 *bytes, gsize n)
{
  for (gsize i = 0; i < n && frames->text; i++) {
    guint8 byte = bytes[i] ^ frames->mask[frames->at++ & 3];

    g_byte_array_append (frames->message, &byte, 1);
  }
  frames->left -= n;
  if (frames->left == 0)
    end_message (frames);
}

void
chaos_frames_add (ChaosFrames *frames, const guint8 *bytes, gsize n)
{
  while (n > 0) {
    gsize part = frames->left > 0 ? MIN (frames->left, n) : 1;

    if (frames->left > 0)
      add_to_payload (frames, bytes, part);
    else
      add_to_head (frames, *bytes);
    bytes += part;
    n -= part;
  }
}

gboolean
chaos_frames_between (const ChaosFrames *frames)
{
  return frames->upgraded && frames->left == 0 && frames->head->len == 0
      && !frames->text;
}

gsize
chaos_frames_next (const ChaosFrames *frames)
{
  return MAX (frames->left, 1);
}
