/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the documented session and response parameters may hold. Tables only. */
#ifndef SANDBOX_RULES_H
#define SANDBOX_RULES_H

#include "schema.h"

G_BEGIN_DECLS

extern const Rule rules_session[];
extern const Rule rules_transcription_session[];
extern const Rule rules_translation_session[];
extern const Rule rules_response[];
extern const gchar *const rules_transcription_models[];

G_END_DECLS

#endif
