/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A clock of real time that stands still while this process gets no processor,
 * so that stalls measured with it are the pipeline's and not the machine's.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* Caller owns it; runs a thread of its own while it lives. */
GstClock *slow_clock_new (void);

G_END_DECLS
