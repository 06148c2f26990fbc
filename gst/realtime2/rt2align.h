/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which sample of an item a word is spoken at. A server tells no word times;
 * what it tells is text and sound, and which came when. From this, from the
 * pauses of the sound and the breaks of the text, and from the length of words
 * the place of each word is estimated. Pure; under the element's lock.
 */
#pragma once

#include "rt2playout.h"

G_BEGIN_DECLS

/* What was found out so far about one item, which owns it. */
Rt2Align *rt2_align_new (void);
void rt2_align_free (Rt2Align *align);

/* The sample of @spoken at which the text from byte @offset on is spoken. Text
 * whose place nobody can know yet is placed beyond what was received. Never
 * falls with rising @offset; may change as more of the item comes. */
guint64 rt2_align_sample_of (const Rt2Spoken *spoken, gsize offset);

/* The same for what need not wait: text whose place is not settled is placed
 * where fast speech would have it. */
guint64 rt2_align_guess_of (const Rt2Spoken *spoken, gsize offset);

G_END_DECLS
