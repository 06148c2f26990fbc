/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Errors on demand: which, where, and how often. */
#ifndef SANDBOX_FAULTS_H
#define SANDBOX_FAULTS_H

#include "wire.h"

G_BEGIN_DECLS

/* Places that are no client event. */
#define FAULT_HTTP "http"                   /* the upgrade is refused */
#define FAULT_CONNECT "connect"             /* in place of session.created */
#define FAULT_RESPONSE "response"           /* a response that fails */
#define FAULT_TRANSCRIPTION "transcription" /* one that fails */

/* All strings owned. */
typedef struct {
  gchar *code;
  gchar *at; /* a place, or the type of the client event that is refused */
  gchar *type;
  gchar *message;
  guint nth;         /* only at the nth occasion of the server; 0: at each */
  guint count;       /* occasions so far */
  gint close;        /* code to close with afterwards; -1: stay open */
  guint status;      /* of HTTP */
  guint retry_after; /* seconds, of HTTP; 0: no such header */
} Failure;

typedef struct _Faults Faults;

Faults *faults_new (void);
void faults_free (Faults *faults);
/* CODE[@PLACE[:N]] */
gboolean faults_add (Faults *faults, const gchar *text, GError **error);
/* Objects with code, at, nth, type, message, close, status, retry_after. */
gboolean faults_add_array (Faults *faults, JsonArray *array, GError **error);

/* Counts an occasion; NULL: nothing goes wrong. */
const Failure *faults_next (Faults *faults, const gchar *at);

G_END_DECLS

#endif
