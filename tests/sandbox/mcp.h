/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tools of MCP servers: listed, called and approved as the script says. No
 * such server is ever reached. */
#ifndef SANDBOX_MCP_H
#define SANDBOX_MCP_H

#include "session.h"

G_BEGIN_DECLS

Mcp *mcp_new (Session *session);
void mcp_free (Mcp *mcp);

/* Of parameters that the session may take: each new server says where it is. */
gboolean mcp_check (Mcp *mcp, JsonObject *patch, Fault *fault);
/* After a change of the session: lists the tools of new servers. */
void mcp_configure (Mcp *mcp);

/* Adds the call at an index of a reply to another: with its result, as a wish
 * that the client must grant, or as words if the tool is not there. FALSE: it
 * is a wish, and keeps the rest of the reply for later. */
gboolean mcp_prepare (
    Mcp *mcp, const Reply *reply, guint index, Reply *prepared);

/* An mcp_approval_response: before and after it joins the conversation. */
gboolean mcp_check_answer (Mcp *mcp, JsonObject *item, Fault *fault);
void mcp_take_answer (Mcp *mcp, JsonObject *item);
/* Starts the response that was granted, if one waits and none is active. */
void mcp_go_on (Mcp *mcp);

G_END_DECLS

#endif
