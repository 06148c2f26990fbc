/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A function call answered by a web server.
 */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* Whether @url can be posted to: http or https, with a host. */
gboolean rt2_tool_http_takes (const gchar *url);

/* Posts @arguments to @url as JSON and waits for the answer, at most @timeout
 * ns (0 = for ever), or until @cancellable. The body; else, for a status other
 * than 2xx, a redirect included, or a fault, a JSON object with "error". No
 * more than RT2_TOOL_MAX_OUTPUT bytes are taken. Blocks; any thread. New
 * string. */
gchar *rt2_tool_http (const gchar *url, const gchar *arguments, guint64 timeout,
    GCancellable *cancellable);

G_END_DECLS
