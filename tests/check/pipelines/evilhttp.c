/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Servers that answer a request for an upgrade as they please.
 */
#include "evilstage.h"

#include <string.h>

#define OPEN .code = GST_RESOURCE_ERROR_OPEN_READ_WRITE
#define NO_WEBSOCKET .code = GST_STREAM_ERROR_DECODE, .stream = TRUE
#define ACCEPTS                                                                \
  "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"                 \
  "Connection: Upgrade\r\n"

/* Says row->text, and no more. */
static void
say (EvilPeer *peer, const EvilRow *row)
{
  if (evil_peer_wait_head (peer))
    evil_peer_print (peer, "%s", row->text);
}

static void
say_and_stay (EvilPeer *peer, const EvilRow *row)
{
  say (peer, row);
  evil_peer_stay (peer);
}

static void
say_nothing (EvilPeer *peer, const EvilRow *row)
{
  evil_peer_stay (peer);
}

static void
hang_up (EvilPeer *peer, const EvilRow *row)
{
  evil_peer_hang_up (peer);
}

static void
reset (EvilPeer *peer, const EvilRow *row)
{
  evil_peer_wait_bytes (peer, 1);
  evil_peer_reset (peer);
}

static void
drip (EvilPeer *peer, const EvilRow *row)
{
  if (!evil_peer_wait_head (peer))
    return;
  evil_peer_drip (peer, row->text, strlen (row->text), 20000);
  evil_peer_stay (peer);
}

/* Without an end: row->text again and again. */
static void
repeat (EvilPeer *peer, const EvilRow *row)
{
  g_autoptr (GString) block = g_string_new (NULL);

  while (block->len < 16384)
    g_string_append (block, row->text);
  if (!evil_peer_wait_head (peer)
      || !evil_peer_print (peer, "HTTP/1.1 101 Switching Protocols\r\n"))
    return;
  while (evil_peer_write (peer, block->str, block->len))
    ;
}

/* Answers that are no final ones, without an end. */
static void
repeat_answer (EvilPeer *peer, const EvilRow *row)
{
  if (!evil_peer_wait_head (peer))
    return;
  while (evil_peer_print (peer, "%s", row->text)
      && evil_peer_pause (peer, row->number))
    ;
}

/* The right answer, with row->text among its fields. */
static void
accept_with (EvilPeer *peer, const EvilRow *row)
{
  g_autofree gchar *accept = NULL;

  if (!evil_peer_wait_head (peer))
    return;
  accept = evil_peer_dup_accept (peer);
  evil_peer_print (
      peer, ACCEPTS "Sec-WebSocket-Accept: %s\r\n%s\r\n", accept, row->text);
  evil_peer_stay (peer);
}

/* The same in single bytes, and the session goes on. */
static void
accept_in_bytes (EvilPeer *peer, const EvilRow *row)
{
  g_autofree gchar *accept = NULL, *answer = NULL;

  if (!evil_peer_wait_head (peer))
    return;
  accept = evil_peer_dup_accept (peer);
  answer = g_strdup_printf (ACCEPTS "Sec-WebSocket-Accept: %s\r\n\r\n", accept);
  evil_peer_drip (peer, answer, strlen (answer), 0);
}

/* Row->text says where to, this server's port and the other's in it. */
static void
redirect (EvilPeer *peer, const EvilRow *row)
{
  guint16 port = row->number ? row->number : evil_other_port ();

  if (evil_peer_wait_head (peer))
    evil_peer_print (peer,
        "HTTP/1.1 %s\r\nLocation: ws://127.0.0.1:%u/v1/realtime\r\n"
        "Content-Length: 0\r\n\r\n",
        row->text, port);
  evil_peer_stay (peer);
}

static void
redirect_to_itself (EvilPeer *peer, const EvilRow *row)
{
  if (evil_peer_wait_head (peer))
    evil_peer_print (peer,
        "HTTP/1.1 302 Found\r\nLocation: /v1/realtime?model=other\r\n"
        "Content-Length: 0\r\n\r\n");
  evil_peer_stay (peer);
}

/* A body that never ends. */
static void
pour_body (EvilPeer *peer, const EvilRow *row)
{
  static const gchar block[16384];

  if (!evil_peer_wait_head (peer) || !evil_peer_print (peer, "%s", row->text))
    return;
  while (evil_peer_write (peer, block, sizeof block))
    ;
}

static void
say_nul (EvilPeer *peer, const EvilRow *row)
{
  static const gchar answer[] = "HTTP/1.1 101 Switch\0ing\r\nUpgr\0ade: "
                                "websocket\r\n\0: \0\r\n\r\n";

  if (evil_peer_wait_head (peer))
    evil_peer_write (peer, answer, sizeof answer - 1);
  evil_peer_stay (peer);
}

static void
say_huge_header (EvilPeer *peer, const EvilRow *row)
{
  g_autofree gchar *value = g_strnfill (4 << 20, 'x');

  if (evil_peer_wait_head (peer))
    evil_peer_print (peer, ACCEPTS "X-Huge: %s\r\n\r\n", value);
  evil_peer_stay (peer);
}

#define PAGE                                                                   \
  "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 21\r\n\r\n"   \
  "<html>Hello.</html>\r\n"

static const EvilRow rows[] = {
  { "no-answer", EVIL_AT_ONCE, say_nothing, EVIL_RECONNECTS,
      .times_out = TRUE },
  { "half-a-status-line", EVIL_AT_ONCE, say_and_stay, EVIL_RECONNECTS,
      .times_out = TRUE, .text = "HTTP/1.1 10" },
  { "half-an-answer", EVIL_AT_ONCE, say_and_stay, EVIL_RECONNECTS,
      .times_out = TRUE, .text = ACCEPTS },
  { "half-an-answer-and-gone", EVIL_AT_ONCE, say, EVIL_ENDS, NO_WEBSOCKET,
      .text = ACCEPTS },
  { "slow-loris", EVIL_AT_ONCE, drip, EVIL_RECONNECTS, .times_out = TRUE,
      .text = ACCEPTS },
  { "bytes", EVIL_AT_ONCE, accept_in_bytes, EVIL_CARRIES_ON,
      .left = EVIL_UPGRADED },
  { "endless-headers", EVIL_AT_ONCE, repeat, EVIL_RECONNECTS,
      .text = "X-More: and more\r\n" },
  { "endless-header", EVIL_AT_ONCE, repeat, EVIL_RECONNECTS,
      .text = "X-More-and-more-" },
  { "huge-header", EVIL_AT_ONCE, say_huge_header, EVIL_RECONNECTS },
  { "no-accept", EVIL_AT_ONCE, say_and_stay, EVIL_ENDS, NO_WEBSOCKET,
      .text = ACCEPTS "\r\n" },
  { "wrong-accept", EVIL_AT_ONCE, say_and_stay, EVIL_ENDS, NO_WEBSOCKET,
      .text = ACCEPTS
      "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n" },
  { "no-upgrade", EVIL_AT_ONCE, say_and_stay, EVIL_ENDS, NO_WEBSOCKET,
      .text = "HTTP/1.1 101 Switching Protocols\r\n\r\n" },
  { "unasked-extension", EVIL_AT_ONCE, accept_with, EVIL_ENDS, NO_WEBSOCKET,
      .text = "Sec-WebSocket-Extensions: permessage-deflate\r\n" },
  { "unasked-subprotocol", EVIL_AT_ONCE, accept_with, EVIL_ENDS, NO_WEBSOCKET,
      .text = "Sec-WebSocket-Protocol: realtime\r\n" },
  { "page", EVIL_AT_ONCE, say_and_stay, EVIL_ENDS, OPEN, .text = PAGE },
  { "endless-page", EVIL_AT_ONCE, pour_body, EVIL_ENDS, OPEN,
      .text = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n" },
  { "endless-refusal", EVIL_AT_ONCE, pour_body, EVIL_ENDS,
      .code = GST_RESOURCE_ERROR_NOT_AUTHORIZED,
      .text = "HTTP/1.1 401 No\r\nContent-Type: application/json\r\n\r\n" },
  { "endless-busy", EVIL_AT_ONCE, pour_body, EVIL_RECONNECTS,
      .text = "HTTP/1.1 503 Busy\r\nContent-Type: application/json\r\n\r\n" },
  { "unfinished-busy", EVIL_AT_ONCE, say_and_stay, EVIL_RECONNECTS,
      .text = "HTTP/1.1 503 Busy\r\nContent-Length: 1000\r\n\r\n{" },
  { "busy-forever-ago", EVIL_AT_ONCE, say_and_stay, EVIL_RECONNECTS,
      .text = "HTTP/1.1 503 Busy\r\nRetry-After: -9223372036854775808\r\n"
              "Content-Length: 0\r\n\r\n" },
  { "length-below-zero", EVIL_AT_ONCE, say_and_stay, EVIL_ENDS, OPEN,
      .warns = TRUE,
      .text = "HTTP/1.1 418 I\r\nContent-Length: -5\r\n\r\nhello" },
  { "length-2^64", EVIL_AT_ONCE, say_and_stay, EVIL_ENDS, OPEN,
      .text =
          "HTTP/1.1 418 I\r\nContent-Length: 18446744073709551616\r\n\r\n" },
  { "redirect-301", EVIL_AT_ONCE, redirect, EVIL_ENDS, OPEN,
      .text = "301 Moved Permanently" },
  { "redirect-302", EVIL_AT_ONCE, redirect, EVIL_ENDS, OPEN,
      .text = "302 Found" },
  { "redirect-307", EVIL_AT_ONCE, redirect, EVIL_ENDS, OPEN,
      .text = "307 Temporary Redirect" },
  { "redirect-308", EVIL_AT_ONCE, redirect, EVIL_ENDS, OPEN,
      .text = "308 Permanent Redirect" },
  { "redirect-to-itself", EVIL_AT_ONCE, redirect_to_itself, EVIL_ENDS, OPEN },
  { "asks-for-a-password", EVIL_AT_ONCE, say_and_stay, EVIL_ENDS,
      .code = GST_RESOURCE_ERROR_NOT_AUTHORIZED,
      .text = "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"\xff\"\r\n"
              "Content-Length: 0\r\n\r\n" },
  { "asks-for-a-proxy-password", EVIL_AT_ONCE, say_and_stay, EVIL_ENDS, OPEN,
      .text = "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=\"x\"\r\n"
              "Content-Length: 0\r\n\r\n" },
  { "continue-forever", EVIL_AT_ONCE, repeat_answer, EVIL_RECONNECTS,
      .times_out = TRUE, .text = "HTTP/1.1 100 Continue\r\n\r\n" },
  { "early-hints-forever", EVIL_AT_ONCE, repeat_answer, EVIL_RECONNECTS,
      .times_out = TRUE,
      .text = "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n",
      .number = 10000 },
  { "nul-bytes", EVIL_AT_ONCE, say_nul, EVIL_ENDS, NO_WEBSOCKET },
  { "no-http", EVIL_AT_ONCE, say_and_stay, EVIL_ENDS, NO_WEBSOCKET,
      .text = "220 mail.example ESMTP ready\r\n\r\n" },
  { "http-9", EVIL_AT_ONCE, say_and_stay, EVIL_ENDS, NO_WEBSOCKET,
      .text = "HTTP/9.9 101 Switching Protocols\r\n\r\n" },
  { "status-99999", EVIL_AT_ONCE, say_and_stay, EVIL_ENDS, NO_WEBSOCKET,
      .text = "HTTP/1.1 99999 What\r\n\r\n" },
  { "no-answer-left", EVIL_AT_ONCE, say_nothing, EVIL_IS_LEFT },
  { "slow-loris-left", EVIL_AT_ONCE, drip, EVIL_IS_LEFT, .text = ACCEPTS },
  { "endless-headers-left", EVIL_AT_ONCE, repeat, EVIL_IS_LEFT,
      .text = "X-More: and more\r\n" },
  { "hangs-up", EVIL_AT_ONCE, hang_up, EVIL_RECONNECTS },
  { "resets", EVIL_AT_ONCE, reset, EVIL_RECONNECTS },
  { "hangs-up-after-upgrade", EVIL_UPGRADED, hang_up, EVIL_RECONNECTS },
};

int
main (int argc, char *argv[])
{
  evil_init ();
  gst_init (&argc, &argv);
  g_test_init (&argc, &argv, NULL);
  evil_add_rows ("http", rows, G_N_ELEMENTS (rows));
  return g_test_run ();
}
