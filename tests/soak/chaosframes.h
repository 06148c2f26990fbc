/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The messages in one direction of a WebSocket, found in the bytes that pass.
 * Pure.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* @text is NUL-terminated and may be changed. */
typedef void (*ChaosFramesFunc) (gpointer data, gchar *text, gsize size);

typedef struct {
  ChaosFramesFunc func;
  gpointer data;
  GByteArray *head;    /* of the HTTP message, or of the frame under way */
  GByteArray *message; /* so much of it came */
  guint64 left;        /* bytes of the frame's payload that are to come */
  guint8 mask[4];
  guint at; /* bytes of payload that passed, modulo 4 */
  gboolean upgraded, text, fin;
} ChaosFrames;

void chaos_frames_init (
    ChaosFrames *frames, ChaosFramesFunc func, gpointer data);
void chaos_frames_clear (ChaosFrames *frames);

void chaos_frames_add (ChaosFrames *frames, const guint8 *bytes, gsize n);
/* Whether something may be put in here. */
gboolean chaos_frames_between (const ChaosFrames *frames);
/* So many bytes may come before it is worth asking again: 1 or more. */
gsize chaos_frames_next (const ChaosFrames *frames);

G_END_DECLS
