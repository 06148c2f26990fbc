/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A thin line to a server: what goes up passes at so many bytes per second, and
 * as little as possible is kept on the way. What comes down is in no hurry
 * either way.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* Starts threads that end with the process. Returns the loopback port that
 * leads to port @target. */
guint16 soak_relay_start (guint16 target, guint bytes_per_second);

G_END_DECLS
