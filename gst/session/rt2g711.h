/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ITU-T G.711, one sample at a time. For a sample of any format see
 * rt2sample.h.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

gint16 rt2_ulaw_expand (guint8 code);
guint8 rt2_ulaw_compress (gint16 sample);
gint16 rt2_alaw_expand (guint8 code);
guint8 rt2_alaw_compress (gint16 sample);

G_END_DECLS
