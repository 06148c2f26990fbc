/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which of the user's words were shown: what is sent again on another
 * connection is heard again, as another item, and must not be shown twice. It
 * is the instants of the input that tell. Pure; times are running times, ns,
 * G_MAXUINT64 = not known.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _Rt2Shown Rt2Shown;

typedef enum {
  RT2_SHOWN_NOT,   /* these words are new */
  RT2_SHOWN_WHOLE, /* all of them were shown */
  RT2_SHOWN_PART,  /* the beginning was, as another item */
} Rt2ShownKind;

/* Items that are remembered; the oldest are forgotten beyond it. */
#define RT2_SHOWN_MAX 64
/* Another server may see speech begin and end by so much otherwise, ns. */
#define RT2_SHOWN_TOLERANCE (G_GUINT64_CONSTANT (500) * 1000000)

Rt2Shown *rt2_shown_new (void);
void rt2_shown_free (Rt2Shown *shown);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rt2Shown, rt2_shown_free)

/* Words of @item_id, which was said from @start to @end, are shown: the first
 * of them or, if @whole, all. Nothing if @start is not known. */
void rt2_shown_note (Rt2Shown *shown, const gchar *item_id, guint64 start,
    guint64 end, gboolean whole);
/* Another connection follows: what was shown up to now may be heard again. */
void rt2_shown_disconnected (Rt2Shown *shown);

/* Whether what is said from @start on may have been shown: nothing of it is to
 * be shown before all of it is known. */
gboolean rt2_shown_may_repeat (Rt2Shown *shown, guint64 start);
/* What was said from @start to @end. *@item_id: for PART, the item that was
 * begun, valid until the next note; else NULL. */
Rt2ShownKind rt2_shown_judge (
    Rt2Shown *shown, guint64 start, guint64 end, const gchar **item_id);

G_END_DECLS
