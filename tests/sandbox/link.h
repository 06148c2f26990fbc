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

/* refusal NULL: a session begins. Else: {code, message, param} is sent as an
 * error and the connection closed with close_code, as the service does. */
Link *link_new (SoupWebsocketConnection *websocket, const LinkOptions *options,
    const gchar *model, gboolean any_model);
Link *link_new_refused (SoupWebsocketConnection *websocket,
    const LinkOptions *options, Fault *refusal, guint close_code);
void link_free (Link *link);
/* code 0: no close frame. */
void link_close (Link *link, guint code, const gchar *reason);
void link_send_text (Link *link, const gchar *text);

G_END_DECLS

#endif
