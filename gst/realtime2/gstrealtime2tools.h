/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Function calls: told on the bus and to the handlers of the signal
 * function-call, which run one at a time on a thread of their own. That thread
 * holds a reference to the element and no state change waits for it: what it
 * answers after its run is over is dropped.
 */
#pragma once

#include "gstrealtime2-private.h"
#include "rt2session.h"

G_BEGIN_DECLS

void gst_realtime2_install_tools (GObjectClass *klass);
GThreadPool *gst_realtime2_tools_new (void);
/* Also from a handler's thread. */
void gst_realtime2_tools_free (GThreadPool *tools);

/* Of the session's listener: see rt2session.h. */
void gst_realtime2_on_function_call (gpointer owner, const Rt2Call *call);
void gst_realtime2_on_function_output (gpointer owner, const Rt2Call *call);

G_END_DECLS
