/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A server whose bytes are all a test's own: TCP on a free loopback port, and
 * what a script makes of each connection. It keeps every byte that it gets.
 *
 * A script runs on a thread of its connection and may block. Its writes and
 * waits return FALSE once the connection, or the server, is over.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _EvilServer EvilServer;
typedef struct _EvilPeer EvilPeer;

typedef void (*EvilScript) (EvilPeer *peer, gpointer data);

EvilServer *evil_server_new (EvilScript script, gpointer data);
/* Breaks off what is open and waits for the scripts. */
void evil_server_free (EvilServer *server);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (EvilServer, evil_server_free)

guint16 evil_server_get_port (EvilServer *server);
/* Connections that were made so far. */
guint evil_server_count (EvilServer *server);
/* Waits for the first evil_peer_note_act(). */
void evil_server_wait_act (EvilServer *server);
/* How often @text is in what came, over all connections, TLS and masks taken
 * off; and how often after the upgrade. */
guint evil_server_find (EvilServer *server, const gchar *text);
guint evil_server_find_in_frames (EvilServer *server, const gchar *text);
/* The most heap that was in use while it sent, bytes; 0 under a sanitizer. */
gsize evil_server_get_peak (EvilServer *server);
gsize evil_heap (void);

/* -- for scripts ----------------------------------------------------------- */

/* From 0, in the order of their arrival. */
guint evil_peer_get_number (EvilPeer *peer);

/* The script comes to the point. */
void evil_peer_note_act (EvilPeer *peer);

/* Before anything is written or waited for: accepts a TLS handshake. */
gboolean evil_peer_start_tls (EvilPeer *peer, GTlsCertificate *certificate);

gboolean evil_peer_write (EvilPeer *peer, gconstpointer bytes, gsize size);
gboolean evil_peer_print (EvilPeer *peer, const gchar *format, ...)
    G_GNUC_PRINTF (2, 3);
/* Each byte by itself, @us apart. */
gboolean evil_peer_drip (
    EvilPeer *peer, gconstpointer bytes, gsize size, gulong us);
/* FALSE if it was over before. */
gboolean evil_peer_pause (EvilPeer *peer, gulong us);

/* Until the head of a request is in; until any @n bytes are. */
gboolean evil_peer_wait_head (EvilPeer *peer);
gboolean evil_peer_wait_bytes (EvilPeer *peer, gsize n);
/* The right answer to the head's key. Caller frees it. */
gchar *evil_peer_dup_accept (EvilPeer *peer);
/* Accepts the upgrade as it should be. */
gboolean evil_peer_upgrade (EvilPeer *peer);

/* A frame in one write: its first byte as it is, no mask. */
#define EVIL_TEXT 0x81
#define EVIL_TEXT_BEGINS 0x01
#define EVIL_TEXT_GOES_ON 0x00
#define EVIL_TEXT_ENDS 0x80
#define EVIL_BINARY 0x82
#define EVIL_CLOSE 0x88
#define EVIL_PING 0x89
#define EVIL_PONG 0x8a
gboolean evil_peer_frame (
    EvilPeer *peer, guint8 first, gconstpointer payload, gsize size);
/* Only the head of a frame. */
gboolean evil_peer_frame_head (EvilPeer *peer, guint8 first, guint64 size);
gboolean evil_peer_text (EvilPeer *peer, const gchar *format, ...)
    G_GNUC_PRINTF (2, 3);
gboolean evil_peer_close_frame (
    EvilPeer *peer, guint16 code, const gchar *reason);

/* Until a text message of the client's, after those that were waited for,
 * contains @text. */
gboolean evil_peer_wait_message (EvilPeer *peer, const gchar *text);

/* From now on nothing is read. */
void evil_peer_go_deaf (EvilPeer *peer);
/* Ends the stream in good order; resets it. */
void evil_peer_hang_up (EvilPeer *peer);
void evil_peer_reset (EvilPeer *peer);
/* Until the client hangs up. */
void evil_peer_stay (EvilPeer *peer);

G_END_DECLS
