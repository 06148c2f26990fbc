/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether instructions and tools fit together. A name in the instructions that
 * looks like that of a tool, but is not offered, makes a model call what is not
 * there; a built-in tool that they do not mention is hardly used. Pure.
 */
#pragma once

#include "rt2config.h"

G_BEGIN_DECLS

/* Names in @instructions that look like those of tools (words in `back quotes`,
 * or with_underscores) and are not among @tools, which may be NULL: gchar*,
 * transfer full, each once, RT2_PROMPT_MAX_NAMES at most. None if an MCP server
 * is among them that may bring any: then nobody knows yet. */
GPtrArray *rt2_prompt_unknown_tools (
    const gchar *instructions, JsonArray *tools);
#define RT2_PROMPT_MAX_NAMES 16

/* Whether @instructions mention @name as a word of its own. */
gboolean rt2_prompt_mentions (const gchar *instructions, const gchar *name);

/* What does not fit in @config, a sentence each: gchar*, transfer full. */
GPtrArray *rt2_prompt_check (const Rt2SessionConfig *config);

G_END_DECLS
