/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Servers that take liberties with WebSocket frames, or end at any time.
 */
#include "evilstage.h"

#include <string.h>

#define VIOLATION .code = GST_STREAM_ERROR_DECODE, .stream = TRUE
#define BLOCK 65536
#define EVENT                                                                  \
  "{\"type\":\"rate_limits.updated\",\"event_id\":\"event_l\","                \
  "\"rate_limits\":[{\"name\":\"tök\xe2\x82\xacns\",\"limit\":1,"             \
  "\"remaining\":1,\"reset_seconds\":1.5}]}"

/* More than 125 bytes. */
#define UNKNOWN                                                                \
  "{\"type\":\"new.thing\",\"event_id\":\"event_n\","                          \
  "\"things\":[\"one\",\"two\",\"three\",\"four\",\"five\",\"six\","           \
  "\"seven\",\"eight\",\"nine\",\"ten\",\"eleven\",\"twelve\"]}"

/* -- sizes ----------------------------------------------------------------- */

static void
announce (EvilPeer *peer, const EvilRow *row)
{
  evil_peer_frame_head (peer, EVIL_TEXT, row->number);
  evil_peer_stay (peer);
}

/* One frame of so many spaces. */
static void
send_huge (EvilPeer *peer, const EvilRow *row)
{
  g_autofree gchar *block = g_strnfill (BLOCK, ' ');
  guint64 left = row->number;

  evil_peer_frame_head (peer, EVIL_TEXT, left);
  while (left > 0 && evil_peer_write (peer, block, MIN (left, BLOCK)))
    left -= MIN (left, BLOCK);
  if (row->outcome != EVIL_CARRIES_ON)
    evil_peer_stay (peer);
}

/* A length in more bytes than it needs. */
static void
send_long_length (EvilPeer *peer, const EvilRow *row)
{
  static const guint8 frame[] = { EVIL_TEXT, 127, 0, 0, 0, 0, 0, 0, 0, 2, '{',
    '}' };

  evil_peer_write (peer, frame, sizeof frame);
  evil_peer_stay (peer);
}

static void
send_fragments (EvilPeer *peer, const EvilRow *row)
{
  g_autofree gchar *block = g_strnfill (BLOCK, 'x');

  evil_peer_frame (peer, EVIL_TEXT_BEGINS, "{", 1);
  while (evil_peer_frame (peer, EVIL_TEXT_GOES_ON, block, row->number))
    ;
}

/* Many frames in one write: the network is not what bounds their number. */
static void
flood (EvilPeer *peer, const EvilRow *row)
{
  g_autoptr (GByteArray) frames = g_byte_array_new ();

  if (row->text != NULL)
    evil_peer_frame (peer, EVIL_TEXT_BEGINS, row->text, strlen (row->text));
  while (frames->len < BLOCK) {
    const guint8 head[] = { row->number, 1, ' ' };

    g_byte_array_append (frames, head, sizeof head);
  }
  while (evil_peer_write (peer, frames->data, frames->len))
    ;
}

static void
flood_events (EvilPeer *peer, const EvilRow *row)
{
  guint8 head[] = { EVIL_TEXT, 126, 0, strlen (row->text) };
  g_autoptr (GByteArray) frames = g_byte_array_new ();

  while (frames->len < BLOCK) {
    g_byte_array_append (frames, head, sizeof head);
    g_byte_array_append (
        frames, (const guint8 *) row->text, strlen (row->text));
  }
  while (evil_peer_write (peer, frames->data, frames->len))
    ;
}

static void
close_and_flood (EvilPeer *peer, const EvilRow *row)
{
  evil_peer_close_frame (peer, 1001, "");
  flood (peer, row);
}

/* Many pings, and then all is well. */
static void
ping_often (EvilPeer *peer, const EvilRow *row)
{
  for (guint i = 0; i < 500; i++)
    if (!evil_peer_frame (peer, row->number, "ping", 4))
      return;
}

/* Never reads what it asked for. */
static void
ping_deaf (EvilPeer *peer, const EvilRow *row)
{
  evil_peer_go_deaf (peer);
  flood (peer, row);
}

/* -- frames ---------------------------------------------------------------- */

/* A frame with this first byte, and row->text in it. */
static void
send_frame (EvilPeer *peer, const EvilRow *row)
{
  evil_peer_frame (peer, row->number, row->text, strlen (row->text));
  if (row->outcome != EVIL_CARRIES_ON)
    evil_peer_stay (peer);
}

static void
send_masked (EvilPeer *peer, const EvilRow *row)
{
  static const guint8 frame[] = { EVIL_TEXT, 0x82, 1, 2, 3, 4, '{' ^ 1,
    '}' ^ 2 };

  evil_peer_write (peer, frame, sizeof frame);
  evil_peer_stay (peer);
}

static void
begin_twice (EvilPeer *peer, const EvilRow *row)
{
  evil_peer_frame (peer, EVIL_TEXT_BEGINS, "{", 1);
  evil_peer_frame (peer, EVIL_TEXT_BEGINS, "{", 1);
  evil_peer_stay (peer);
}

/* A text in fragments of one byte, pings between them. */
static void
split_text (EvilPeer *peer, const EvilRow *row)
{
  gsize n = strlen (row->text);

  for (gsize i = 0; i < n; i++) {
    guint8 first = (i == 0 ? EVIL_TEXT_BEGINS : EVIL_TEXT_GOES_ON)
        | (i == n - 1 ? 0x80 : 0);

    evil_peer_frame (peer, first, row->text + i, 1);
    evil_peer_frame (peer, EVIL_PING, "", 0);
  }
}

static void
split_write (EvilPeer *peer, const EvilRow *row)
{
  g_autoptr (GByteArray) frame = g_byte_array_new ();
  guint8 head[] = { EVIL_TEXT, 126, 0, strlen (EVENT) };

  g_byte_array_append (frame, head, sizeof head);
  g_byte_array_append (frame, (const guint8 *) EVENT, strlen (EVENT));
  evil_peer_drip (peer, frame->data, frame->len, 200);
}

static void
write_two (EvilPeer *peer, const EvilRow *row)
{
  static const guint8 frames[] = { EVIL_TEXT, 2, '{', '}', EVIL_TEXT, 12, '{',
    '"', 't', 'y', 'p', 'e', '"', ':', '"', 'x', '"', '}', EVIL_PING, 0 };

  evil_peer_write (peer, frames, sizeof frames);
}

/* A frame that never ends, while nothing else comes either. */
static void
send_half (EvilPeer *peer, const EvilRow *row)
{
  evil_peer_frame_head (peer, EVIL_TEXT, 1000);
  evil_peer_write (peer, "{\"type\":", 8);
  evil_peer_stay (peer);
}

/* -- ends ------------------------------------------------------------------ */

static void
close_with (EvilPeer *peer, const EvilRow *row)
{
  evil_peer_close_frame (peer, row->number, row->text);
  evil_peer_stay (peer);
}

static void
close_with_byte (EvilPeer *peer, const EvilRow *row)
{
  evil_peer_frame (peer, EVIL_CLOSE, "\x03", 1);
  evil_peer_stay (peer);
}

static void
close_empty (EvilPeer *peer, const EvilRow *row)
{
  evil_peer_frame (peer, EVIL_CLOSE, "", 0);
  evil_peer_stay (peer);
}

/* What comes after it is not for anybody. */
static void
close_and_talk (EvilPeer *peer, const EvilRow *row)
{
  evil_peer_close_frame (peer, row->number, "");
  evil_peer_begin_answer (peer, "ghost", 24000);
  evil_peer_end_answer (peer, "ghost");
  evil_peer_close_frame (peer, 4000, "again");
  evil_peer_stay (peer);
}

/* Does not see that the client goes. */
static void
close_deaf (EvilPeer *peer, const EvilRow *row)
{
  evil_peer_go_deaf (peer);
  evil_peer_close_frame (peer, row->number, "");
  evil_peer_pause (peer, 30 * G_USEC_PER_SEC);
}

static void
hang_up (EvilPeer *peer, const EvilRow *row)
{
  evil_peer_hang_up (peer);
}

static void
reset (EvilPeer *peer, const EvilRow *row)
{
  evil_peer_reset (peer);
}

static void
finish_and_hang_up (EvilPeer *peer, const EvilRow *row)
{
  evil_peer_end_answer (peer, "evil");
  evil_peer_hang_up (peer);
}

static void
call_and_hang_up (EvilPeer *peer, const EvilRow *row)
{
  evil_peer_text (peer,
      "{\"type\":\"response.output_item.done\",\"event_id\":\"event_f\","
      "\"response_id\":\"evil\",\"output_index\":1,\"item\":{"
      "\"id\":\"item_f\",\"type\":\"function_call\",\"status\":\"completed\","
      "\"call_id\":\"call_f\",\"name\":\"f\",\"arguments\":\"{}\"}}");
  evil_peer_hang_up (peer);
}

static const EvilRow rows[] = {
  { "2^63", EVIL_UPDATED, announce, EVIL_ENDS, VIOLATION,
      .number = G_GUINT64_CONSTANT (1) << 63 },
  { "2^64-1", EVIL_UPDATED, announce, EVIL_ENDS, VIOLATION,
      .number = G_MAXUINT64 },
  { "64-MB-announced", EVIL_UPDATED, announce, EVIL_ENDS, VIOLATION,
      .number = 64 << 20 },
  { "64-MB", EVIL_UPDATED, send_huge, EVIL_ENDS, VIOLATION,
      .number = 64 << 20 },
  { "12-MB", EVIL_UPDATED, send_huge, EVIL_CARRIES_ON, .number = 12 << 20,
      .heap_mb = 64 },
  { "length-too-long", EVIL_UPDATED, send_long_length, EVIL_ENDS, VIOLATION },
  { "text-without-end", EVIL_UPDATED, send_fragments, EVIL_ENDS, VIOLATION,
      .number = BLOCK, .heap_mb = 64 },
  { "fragments-without-end", EVIL_UPDATED, flood, EVIL_RECONNECTS, .text = "{",
      .number = EVIL_TEXT_GOES_ON, .heap_mb = 64 },
  { "many-pings", EVIL_UPDATED, ping_often, EVIL_CARRIES_ON,
      .number = EVIL_PING },
  { "many-pongs", EVIL_UPDATED, ping_often, EVIL_CARRIES_ON,
      .number = EVIL_PONG },
  { "ping-flood", EVIL_UPDATED, flood, EVIL_RECONNECTS, .number = EVIL_PING },
  { "pong-flood", EVIL_UPDATED, flood, EVIL_RECONNECTS, .number = EVIL_PONG },
  { "ping-flood-unread", EVIL_UPDATED, ping_deaf, EVIL_RECONNECTS,
      .number = EVIL_PING },
  { "event-flood", EVIL_UPDATED, flood_events, EVIL_RECONNECTS,
      .text = UNKNOWN },
  { "close-and-flood", EVIL_UPDATED, close_and_flood, EVIL_RECONNECTS,
      .text = "{", .number = EVIL_TEXT_GOES_ON },
  { "close-and-ping-flood", EVIL_UPDATED, close_and_flood, EVIL_RECONNECTS,
      .number = EVIL_PING },
  { "masked", EVIL_UPDATED, send_masked, EVIL_ENDS, VIOLATION },
  { "reserved-bit-1", EVIL_UPDATED, send_frame, EVIL_ENDS, VIOLATION,
      .number = EVIL_TEXT | 0x40, .text = "{}" },
  { "reserved-bit-3", EVIL_UPDATED, send_frame, EVIL_ENDS, VIOLATION,
      .number = EVIL_TEXT | 0x10, .text = "{}" },
  { "reserved-data-opcode", EVIL_UPDATED, send_frame, EVIL_ENDS, VIOLATION,
      .number = 0x83, .text = "{}" },
  { "reserved-control-opcode", EVIL_UPDATED, send_frame, EVIL_ENDS, VIOLATION,
      .number = 0x8f, .text = "{}" },
  { "nothing-to-go-on", EVIL_UPDATED, send_frame, EVIL_ENDS, VIOLATION,
      .number = EVIL_TEXT_ENDS, .text = "{}" },
  { "begins-twice", EVIL_UPDATED, begin_twice, EVIL_ENDS, VIOLATION },
  { "fragmented-ping", EVIL_UPDATED, send_frame, EVIL_ENDS, VIOLATION,
      .number = 0x09, .text = "ping" },
  {
      "long-ping",
      EVIL_UPDATED,
      send_frame,
      EVIL_ENDS,
      VIOLATION,
      .number = EVIL_PING,
      .text = "................................................................"
              "..............................................................",
  },
  { "half-a-character", EVIL_UPDATED, send_frame, EVIL_ENDS, VIOLATION,
      .number = EVIL_TEXT, .text = "{\"type\":\"x\xe2\x82\"}" },
  { "no-utf-8", EVIL_UPDATED, send_frame, EVIL_ENDS, VIOLATION,
      .number = EVIL_TEXT, .text = "\xff\xfe{" },
  { "no-utf-8-surrogates", EVIL_UPDATED, send_frame, EVIL_ENDS, VIOLATION,
      .number = EVIL_TEXT, .text = "{\"type\":\"\xed\xa0\x80\"}" },
  { "binary", EVIL_UPDATED, send_frame, EVIL_CARRIES_ON, .number = EVIL_BINARY,
      .text = "\xff\xfe{" },
  { "binary-event", EVIL_UPDATED, send_frame, EVIL_CARRIES_ON,
      .number = EVIL_BINARY, .text = EVENT },
  { "empty", EVIL_UPDATED, send_frame, EVIL_CARRIES_ON, .number = EVIL_TEXT,
      .text = "" },
  { "split-text", EVIL_UPDATED, split_text, EVIL_CARRIES_ON, .text = EVENT },
  { "split-writes", EVIL_UPDATED, split_write, EVIL_CARRIES_ON },
  { "two-in-one-write", EVIL_UPDATED, write_two, EVIL_CARRIES_ON },
  { "close-1-byte", EVIL_UPDATED, close_with_byte, EVIL_ENDS, VIOLATION },
  { "close-reason-no-utf-8", EVIL_UPDATED, close_with, EVIL_RECONNECTS,
      .number = 1001, .text = "\xff\xfe" },
  { "close-0", EVIL_UPDATED, close_with, EVIL_ENDS, VIOLATION, .number = 0,
      .text = "" },
  { "close-1005", EVIL_UPDATED, close_with, EVIL_RECONNECTS, .number = 1005,
      .text = "" },
  { "close-65535", EVIL_UPDATED, close_with, EVIL_ENDS,
      .code = GST_RESOURCE_ERROR_READ, .number = 65535, .text = "" },
  {
      "close-long-reason",
      EVIL_UPDATED,
      close_with,
      EVIL_RECONNECTS,
      .number = 1001,
      .text = "................................................................"
              "...........................................................",
  },
  { "close-empty", EVIL_UPDATED, close_empty, EVIL_RECONNECTS },
  { "close-and-talk", EVIL_UPDATED, close_and_talk, EVIL_RECONNECTS,
      .number = 1001 },
  { "close-never-ends", EVIL_UPDATED, close_deaf, EVIL_RECONNECTS,
      .number = 1001 },
  { "close-upgraded", EVIL_UPGRADED, close_with, EVIL_RECONNECTS,
      .number = 1001, .text = "bye" },
  { "close-created", EVIL_CREATED, close_with, EVIL_RECONNECTS, .number = 1001,
      .text = "bye" },
  { "close-answering", EVIL_ANSWERS, close_with, EVIL_RECONNECTS,
      .number = 1001, .text = "bye" },
  { "hangs-up-created", EVIL_CREATED, hang_up, EVIL_RECONNECTS },
  { "hangs-up-updated", EVIL_UPDATED, hang_up, EVIL_RECONNECTS },
  { "hangs-up-answering", EVIL_ANSWERS, hang_up, EVIL_RECONNECTS },
  { "hangs-up-having-answered", EVIL_ANSWERS, finish_and_hang_up,
      EVIL_RECONNECTS },
  { "hangs-up-in-a-call", EVIL_ANSWERS, call_and_hang_up, EVIL_RECONNECTS },
  { "resets-upgraded", EVIL_UPGRADED, reset, EVIL_RECONNECTS },
  { "resets-created", EVIL_CREATED, reset, EVIL_RECONNECTS },
  { "resets-answering", EVIL_ANSWERS, reset, EVIL_RECONNECTS },
  { "half-a-frame", EVIL_UPDATED, send_half, EVIL_RECONNECTS,
      .times_out = TRUE },
  { "half-a-frame-left", EVIL_UPDATED, send_half, EVIL_IS_LEFT },
  { "fragments-left", EVIL_UPDATED, flood, EVIL_IS_LEFT, .text = "{",
      .number = EVIL_TEXT_GOES_ON },
  { "event-flood-left", EVIL_UPDATED, flood_events, EVIL_IS_LEFT,
      .text = UNKNOWN },
  { "ping-flood-unread-left", EVIL_UPDATED, ping_deaf, EVIL_IS_LEFT,
      .number = EVIL_PING },
  { "close-never-ends-left", EVIL_UPDATED, close_deaf, EVIL_IS_LEFT,
      .number = 1001 },
};

int
main (int argc, char *argv[])
{
  evil_init ();
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  evil_add_rows ("frames", rows, G_N_ELEMENTS (rows));
  return g_test_run ();
}
