/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One WebSocket and the session behind it. */
#ifndef SANDBOX_LINK_H
#define SANDBOX_LINK_H

#include <libsoup/soup.h>

#include "session.h"

G_BEGIN_DECLS

typedef struct _Link Link;

typedef struct {
  Host *host;
  guint seed;
  gboolean verbose;
  /* The link may be freed now, from the main loop only. */
  void (*closed) (Link *link, gpointer user_data);
  gpointer user_data;
} LinkOptions;

Link *link_new (SoupWebsocketConnection *websocket, const LinkOptions *options);
guint link_number (Link *link); /* in the books */
/* A session begins. */
void link_begin (Link *link, const Admission *admission);
/* A connection of the log that the host replays. */
void link_begin_replay (Link *link);
/* Instead of a session: the refusal is sent as an error and the connection
 * closed, as the service does. */
void link_refuse (Link *link, const Fault *refusal, guint close_code);
void link_free (Link *link);
/* code 0: no close frame. */
void link_close (Link *link, guint code, const gchar *reason);
void link_send_text (Link *link, const gchar *text);

G_END_DECLS

#endif
