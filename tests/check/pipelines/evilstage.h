/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A table of evil servers: what each does, and what must come of it. Each row
 * is run against the element in a pipeline, and after each the same is checked:
 * no gap in the stream, no noise, the end at once, no thread and no heap left,
 * the key with nobody but the server that it is for.
 */
#pragma once

#include <gst/gst.h>

#include "evilserver.h"
#include "testcertificate.h"

G_BEGIN_DECLS

/* How far an evil server is an honest one. */
typedef enum {
  EVIL_AT_ONCE,  /* not at all: TCP is connected */
  EVIL_UPGRADED, /* the upgrade is through */
  EVIL_CREATED,  /* session.created is sent */
  EVIL_UPDATED,  /* and session.updated */
  EVIL_ANSWERS,  /* and a response is under way */
} EvilStart;

typedef enum {
  /* A turn after it is answered on the same connection. */
  EVIL_CARRIES_ON,
  /* The connection is lost, and a turn is answered on the next, which is an
   * honest server's. */
  EVIL_RECONNECTS,
  /* An ERROR, though it would be tried again for ever. */
  EVIL_ENDS,
  /* Nothing, as the pipeline is stopped in the middle of it. */
  EVIL_IS_LEFT,
} EvilOutcome;

typedef struct _EvilRow EvilRow;

struct _EvilRow {
  const gchar *name;
  EvilStart start;
  /* On the connection's thread. */
  void (*act) (EvilPeer *peer, const EvilRow *row);
  EvilOutcome outcome;
  /* Of EVIL_ENDS: a GstResourceError, or with `stream` a GstStreamError. */
  gint code;
  gboolean stream;

  /* What `act` does it with. */
  const gchar *text;
  guint64 number;

  /* How far it is an honest one after `act`, if further than before. */
  EvilStart left;
  /* It is for the client to lose patience: it has little. */
  gboolean times_out;
  gboolean warns; /* a library below us prints a warning */
  TestTls tls;    /* the server has such a certificate, the uri is wss:// */
  gboolean wss;   /* the uri is wss://, though it speaks no TLS yet */
  guint heap_mb;  /* that it may cost at most; 0 = 24 */
};

/* Each one a test of its own, called /evil/@table/NAME. */
void evil_add_rows (const gchar *table, const EvilRow *rows, guint n);
/* To be called before gst_init(). */
void evil_init (void);

/* -- for acts -------------------------------------------------------------- */

/* What an honest server says. */
gboolean evil_peer_say_created (EvilPeer *peer);
/* Waits for the client's first session.update. */
gboolean evil_peer_say_updated (EvilPeer *peer);
/* Begins an answer with @samples of speech, and does not end it. */
gboolean evil_peer_begin_answer (
    EvilPeer *peer, const gchar *response, guint samples);
gboolean evil_peer_end_answer (EvilPeer *peer, const gchar *response);

/* Another server, where nobody should ever connect to. */
guint16 evil_other_port (void);

G_END_DECLS
