/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The server side of a conversation under test: takes the configuration as the
 * real one does, keeps what the client says, and says exactly what the test
 * wants. Any thread.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "law.h"

G_BEGIN_DECLS

typedef struct _Peer Peer;

/* Where words or samples belong. */
typedef struct {
  const gchar *response;
  guint index;
  const gchar *item;
} Spot;

Peer *peer_new (void);
void peer_free (Peer *peer);
gchar *peer_dup_url (Peer *peer);
/* Of request number @i, which must have come; NULL if it had none. Caller frees
 * it. */
gchar *peer_dup_header (Peer *peer, guint i, const gchar *name);

/* While held, session.created or session.updated is kept back; letting go sends
 * what was kept. */
void peer_hold_created (Peer *peer, gboolean hold);
void peer_hold_updated (Peer *peer, gboolean hold);

/* Whoever connects from now on is refused with this HTTP status; 0: nobody is.
 */
void peer_refuse (Peer *peer, guint status);
/* That came, refused ones included. */
guint peer_count_requests (Peer *peer);

/* Resets the connection. */
void peer_drop (Peer *peer);

/* --- what the client said; `i` counts from 0, over all connections --- */

guint peer_count (Peer *peer, const gchar *type);
/* Waits for number @i of that type, and fails the test after PEER_PATIENCE.
 * Kept until the peer is freed. */
JsonObject *peer_event (Peer *peer, const gchar *type, guint i);
/* Its place among all events. Must have come. */
guint peer_place (Peer *peer, const gchar *type, guint i);
/* Waits until that many bytes of audio have come in all. */
void peer_wait_audio (Peer *peer, gsize size);
/* All audio that has come, in order. Caller frees it. */
GByteArray *peer_dup_audio (Peer *peer);
/* Bytes of audio of append number @i. Must have come. */
gsize peer_append_size (Peer *peer, guint i);

#define PEER_PATIENCE (30 * G_USEC_PER_SEC)

/* --- what the server says, on the last connection --- */

void peer_send (Peer *peer, const gchar *format, ...) G_GNUC_PRINTF (2, 3);

void peer_begin (Peer *peer, const gchar *response);
/* @phase NULL = the field is not there. */
void peer_item (Peer *peer, const Spot *spot, const gchar *phase);
void peer_audio (Peer *peer, const Spot *spot, gconstpointer data, gsize size);
/* Samples @first to @first + @n of law_fill() in one delta. */
void peer_speech (
    Peer *peer, const Spot *spot, const Law *law, guint64 first, guint64 n);
void peer_audio_done (Peer *peer, const Spot *spot);
void peer_words (Peer *peer, const Spot *spot, const gchar *delta);
void peer_words_done (Peer *peer, const Spot *spot, const gchar *text);
void peer_item_done (
    Peer *peer, const Spot *spot, const gchar *text, const gchar *phase);
/* With an empty output and some usage. */
void peer_end (Peer *peer, const gchar *response, const gchar *status);

void peer_user_starts (Peer *peer, const gchar *item, guint ms);
void peer_user_stops (Peer *peer, const gchar *item, guint ms);
void peer_committed (Peer *peer, const gchar *item);
void peer_user_said (Peer *peer, const gchar *item, const gchar *text);

G_END_DECLS
