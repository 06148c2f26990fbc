/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Servers behind a wss:// uri that are not who they should be, or do not speak
 * TLS as they should. None of them may see the key.
 */
#include "evilstage.h"

#include <string.h>

#define OPEN .code = GST_RESOURCE_ERROR_OPEN_READ_WRITE
/* Bytes of text, which may hold NUL. */
#define BYTES(literal) .text = literal, .number = sizeof literal - 1

static void
do_nothing (EvilPeer *peer, const EvilRow *row)
{
  evil_peer_stay (peer);
}

/* Once the client said hello. */
static void
answer (EvilPeer *peer, const EvilRow *row)
{
  if (evil_peer_wait_bytes (peer, 5)
      && evil_peer_write (peer, row->text, row->number))
    evil_peer_stay (peer);
}

static void
talk_first (EvilPeer *peer, const EvilRow *row)
{
  if (evil_peer_write (peer, row->text, row->number))
    evil_peer_stay (peer);
}

static void
hang_up (EvilPeer *peer, const EvilRow *row)
{
  if (evil_peer_wait_bytes (peer, 5))
    evil_peer_hang_up (peer);
}

static void
answer_and_hang_up (EvilPeer *peer, const EvilRow *row)
{
  if (evil_peer_wait_bytes (peer, 5)
      && evil_peer_write (peer, row->text, row->number))
    evil_peer_hang_up (peer);
}

static void
pour (EvilPeer *peer, const EvilRow *row)
{
  if (!evil_peer_wait_bytes (peer, 5))
    return;
  while (evil_peer_write (peer, row->text, row->number))
    ;
}

/* The head of a ServerHello of this version: 32 random bytes, no session. */
#define HELLO(minor)                                                           \
  "\x16\x03" minor "\x00\x2a\x02\x00\x00\x26\x03" minor                        \
  "0123456789abcdef0123456789abcdef\x00\x00\x2f\x00"

static const EvilRow rows[] = {
  { "self-signed", EVIL_AT_ONCE, do_nothing, EVIL_ENDS, OPEN,
      .tls = TEST_TLS_UNKNOWN_CA },
  { "wrong-host", EVIL_AT_ONCE, do_nothing, EVIL_ENDS, OPEN,
      .tls = TEST_TLS_WRONG_HOST },
  { "expired", EVIL_AT_ONCE, do_nothing, EVIL_ENDS, OPEN,
      .tls = TEST_TLS_EXPIRED },
  { "plain-answer", EVIL_AT_ONCE, answer, EVIL_ENDS, OPEN, .wss = TRUE,
      BYTES ("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n") },
  { "plain-greeting", EVIL_AT_ONCE, talk_first, EVIL_ENDS, OPEN, .wss = TRUE,
      BYTES ("220 mail.example ESMTP ready\r\n") },
  { "zeros", EVIL_AT_ONCE, pour, EVIL_ENDS, OPEN, .wss = TRUE,
      BYTES ("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") },
  { "ssl-3.0", EVIL_AT_ONCE, answer, EVIL_RECONNECTS, .times_out = TRUE,
      .wss = TRUE, BYTES (HELLO ("\x00")) },
  /* Whether that is good enough the system says; nothing follows it. */
  { "tls-1.0", EVIL_AT_ONCE, answer, EVIL_RECONNECTS, .times_out = TRUE,
      .wss = TRUE, BYTES (HELLO ("\x01")) },
  { "tls-9.9", EVIL_AT_ONCE, answer, EVIL_RECONNECTS, .times_out = TRUE,
      .wss = TRUE, BYTES (HELLO ("\x63")) },
  { "alert", EVIL_AT_ONCE, answer, EVIL_ENDS, OPEN, .wss = TRUE,
      BYTES ("\x15\x03\x03\x00\x02\x02\x28") },
  { "warnings-forever", EVIL_AT_ONCE, pour, EVIL_ENDS, OPEN, .wss = TRUE,
      BYTES ("\x15\x03\x03\x00\x02\x01\x70") },
  { "record-too-long", EVIL_AT_ONCE, pour, EVIL_ENDS, OPEN, .wss = TRUE,
      BYTES ("\x16\x03\x03\xff\xff garbage") },
  { "no-answer", EVIL_AT_ONCE, do_nothing, EVIL_RECONNECTS, .times_out = TRUE,
      .wss = TRUE },
  { "half-an-answer", EVIL_AT_ONCE, answer, EVIL_RECONNECTS, .times_out = TRUE,
      .wss = TRUE, BYTES ("\x16\x03\x03\x00\x40\x02") },
  { "half-an-answer-left", EVIL_AT_ONCE, answer, EVIL_IS_LEFT, .wss = TRUE,
      BYTES ("\x16\x03\x03\x00\x40\x02") },
  { "cut", EVIL_AT_ONCE, hang_up, EVIL_RECONNECTS, .wss = TRUE },
  { "cut-in-an-answer", EVIL_AT_ONCE, answer_and_hang_up, EVIL_RECONNECTS,
      .wss = TRUE, BYTES ("\x16\x03\x03\x00\x40\x02") },
};

int
main (int argc, char *argv[])
{
  evil_init ();
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  evil_add_rows ("tls", rows, G_N_ELEMENTS (rows));
  return g_test_run ();
}
