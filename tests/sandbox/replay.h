/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Plays the server's side of an event log: what the server sent follows the
 * same event of the client's as in the log, by as much time; the next
 * connection of the log is for the next client that comes. What the client
 * sends is compared with the log by type and order. */
#ifndef SANDBOX_REPLAY_H
#define SANDBOX_REPLAY_H

#include <libsoup/soup.h>

#include "session.h"

G_BEGIN_DECLS

typedef struct _Player Player; /* of one connection */

/* pace: times as fast as in the log; 0: without waiting. NULL: error is set. */
Replay *replay_new (const gchar *file, gdouble pace, GError **error);
void replay_free (Replay *replay);

/* The status to answer the next upgrade with, of a connection that the log says
 * was refused, or because there is none left; 0: it is to be taken. */
guint replay_refuse (Replay *replay);

/* For a connection that was taken. Its first event comes from the main loop. */
Player *player_new (Replay *replay, Host *host, const SessionOutlet *outlet,
    gpointer link, guint connection);
void player_receive (Player *player, const gchar *text, gsize size);
/* The client is gone: what it left out counts. */
void player_free (Player *player);

/* Any thread. gchar*, and how many events of the log were not sent yet. */
GPtrArray *replay_dup_differences (Replay *replay);
guint replay_count_left (Replay *replay);

G_END_DECLS

#endif
