/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The HTTP side: listening, paths, and the list of open links. */
#ifndef SANDBOX_SERVER_H
#define SANDBOX_SERVER_H

#include <gio/gio.h>

#include "link.h"
#include "sandbox.h"

G_BEGIN_DECLS

typedef struct _Server Server;

/* calls: ids of calls in progress, must outlive it; or NULL. certificate NULL:
 * plain HTTP. */
Server *server_new (const SandboxOptions *options, Host *host, gchar **calls,
    GTlsCertificate *certificate, GError **error);
void server_free (Server *server);
guint server_get_port (Server *server);
void server_close_all (Server *server, guint code, const gchar *reason);
void server_send_raw (Server *server, const gchar *text);

G_END_DECLS

#endif
