/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Oddities that a client must bear: each was seen, or is allowed. */
#ifndef SANDBOX_STRANGE_H
#define SANDBOX_STRANGE_H

#include "wire.h"

G_BEGIN_DECLS

enum {
  STRANGE_UNKNOWN = 1 << 0,      /* events and fields that nobody knows */
  STRANGE_PARTS = 1 << 1,        /* audio and output_audio change places */
  STRANGE_CREATED = 1 << 2,      /* conversation.item.created, not added */
  STRANGE_NO_USAGE = 1 << 3,     /* usage is null */
  STRANGE_NO_PHASE = 1 << 4,     /* no item shows its phase */
  STRANGE_CONVERSATION = 1 << 5, /* conversation.created */
  STRANGE_PINGS = 1 << 6,        /* a ping each second */
  STRANGE_NO_METADATA = 1 << 7,  /* responses do not show theirs */
};

/* Names separated by commas: unknown, parts, created, no-usage, no-phase,
 * conversation, pings, no-metadata, or all. */
gboolean strange_parse (const gchar *names, guint *flags, GError **error);
/* Changes an event that is about to be sent. */
void strange_apply (guint flags, JsonObject *event);
/* An event that nobody knows, now and then, to be sent before another; NULL:
 * none this time. count: of events so far. Transfer full. */
JsonObject *strange_event (guint flags, GRand *rand, guint count);

G_END_DECLS

#endif
