/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A clock of real time that stands still while any processor that this process
 * may use is kept from it, so that stalls measured with it are the pipeline's
 * and not the machine's.
 */
#pragma once

#include <gst/gst.h>

G_BEGIN_DECLS

/* To be called before there is a second thread: keeps this process to a few
 * processors, which a clock can watch. */
void slow_clock_confine (void);

/* Caller owns it; runs a thread on each of the processors while it lives. */
GstClock *slow_clock_new (void);

G_END_DECLS
