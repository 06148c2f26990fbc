/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What tests of the response sequencer do and look at.
 */
#pragma once

#include "rt2responses.h"

G_BEGIN_DECLS

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Rt2Responses, rt2_responses_free)

Rt2Wish *rr_new_text (const gchar *text);

Rt2Wish *rr_new_asked (const gchar *json);

void rr_want (Rt2Responses *responses, Rt2Wish *wish);

void rr_want_plain (Rt2Responses *responses);

void rr_want_apart (Rt2Responses *responses);

/* The next wish may not be taken. */
void rr_expect_none (Rt2Responses *responses);

const Rt2Wish *rr_take (Rt2Responses *responses, const gchar *mark);

/* The next wish is one of @kind with the command @text, or without. */
void rr_take_as (Rt2Responses *responses, const gchar *mark, Rt2WishKind kind,
    const gchar *text);

void rr_expect_start (Rt2Responses *responses, const gchar *id,
    const gchar *mark, Rt2Start wanted);

void rr_end (Rt2Responses *responses, const gchar *id);

void rr_expect_active (Rt2Responses *responses, const gchar *wanted);

/* Nothing is under way, and nobody waits. */
void rr_expect_rest (Rt2Responses *responses);

void rr_expect_busy (Rt2Responses *responses);

G_END_DECLS
