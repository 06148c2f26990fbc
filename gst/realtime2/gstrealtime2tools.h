/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Function calls: told on the bus, and answered by what the element brings
 * along, by commands and URLs, or by the handlers of the signal function-call.
 * Handlers run one at a time on a thread of their own, all else several at a
 * time on others. Those threads hold a reference to the element and no state
 * change waits for them: what they answer after their run is over is dropped.
 */
#pragma once

#include "gstrealtime2-private.h"
#include "rt2session.h"
#include "rt2toolbox.h"

G_BEGIN_DECLS

void gst_realtime2_install_tools (GObjectClass *klass);
GstRealtime2Tools *gst_realtime2_tools_new (void);
/* Also from a handler's thread. */
void gst_realtime2_tools_free (GstRealtime2Tools *tools);

/* READY->PAUSED: takes @toolbox over, which may be NULL. */
void gst_realtime2_tools_start (GstRealtime2Tools *tools, Rt2Toolbox *toolbox);
/* PAUSED->READY: ends commands and requests; waits for nothing. */
void gst_realtime2_tools_stop (GstRealtime2Tools *tools);

/* Of the session's listener: see rt2session.h. */
void gst_realtime2_on_function_call (gpointer owner, const Rt2Call *call);
void gst_realtime2_on_function_output (gpointer owner, const Rt2Call *call);

G_END_DECLS
