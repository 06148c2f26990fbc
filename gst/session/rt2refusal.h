/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Why a server refused the upgrade. libsoup gives the body of such an answer to
 * nobody but its logger, so one of those collects it; it prints nothing.
 */
#pragma once

#include <libsoup/soup.h>
#include "rt2fault.h"

G_BEGIN_DECLS

/* From now on @body, which must outlive @session, gets the body of every answer
 * that rt2_refusal_has_text() says yes to, once libsoup is through with it or
 * has given it up. */
void rt2_refusal_collect (SoupSession *session, GString *body);

/* Whether the answer to @message has a body that is worth waiting for: it
 * states that it is short, or does not state its size. Of that no more than is
 * of use is kept. */
gboolean rt2_refusal_has_text (SoupMessage *message);

/* Whether its size is not stated. libsoup reads such a body for as long as more
 * of it is there, and nothing else runs on its context meanwhile: it needs a
 * limit. */
gboolean rt2_refusal_is_endless (SoupMessage *message);

/* Cancels @cancellable in @time us, from a thread of its own, unless it is
 * freed before. */
typedef struct _Rt2RefusalLimit Rt2RefusalLimit;
Rt2RefusalLimit *rt2_refusal_limit_new (GCancellable *cancellable, gint64 time);
void rt2_refusal_limit_free (Rt2RefusalLimit *limit);

/* What the answer to @message says, with as much of @body as there is. @where
 * is "host:port" for the message; @plain: it is ws://, not wss://. */
Rt2Fault *rt2_refusal_fault (SoupMessage *message, const GString *body,
    const gchar *where, gboolean plain);

G_END_DECLS
