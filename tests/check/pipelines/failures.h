/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The ways in which a connection fails for good: what a server does, and what
 * the user is to be told.
 */
#pragma once

#include <gst/gst.h>

#include "testserver.h"

G_BEGIN_DECLS

/* A client has this key; servers send it back, as the real one does. */
#define FAILURE_KEY "sk-test-Zq83hVr0Kp5wT2mXn9Ld"

typedef struct {
  const gchar *name;

  /* The server. */
  enum {
    FAILURE_DEFAULT_URI,  /* the vendor's: there must not be a connection */
    FAILURE_NOBODY,       /* a closed port */
    FAILURE_UNKNOWN_NAME, /* a host that does not exist */
    FAILURE_SERVER,       /* a server, see below */
  } place;
  TestTls tls;
  guint http_status;       /* of the refused upgrade, or 0 */
  guint close_code;        /* after it was opened, or 0 */
  const gchar *error_code; /* of the body, or of an `error` event; or NULL */
  gboolean keyed;          /* the client has the key */

  /* The message. */
  gint code;                   /* GstResourceError */
  const gchar *says[6];        /* in any letters, NULL-terminated */
  const gchar *launch_says[6]; /* in gst-launch's output */
} Failure;

/* Ends with one without a name. */
extern const Failure failures[];

/* A server that fails so. */
typedef struct _Scene Scene;

Scene *failure_stage (const Failure *failure);
void scene_free (Scene *scene);
/* NULL: the default. */
const gchar *scene_get_uri (Scene *scene);

/* From now on no host name has an address in this process: what a resolver
 * says of an unknown name would depend on the network here. */
void failure_forget_names (void);

G_END_DECLS
