/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables of rules for JSON objects, and the refusals that follow from them in
 * the service's own words. Knows no event and no session. */
#ifndef SANDBOX_SCHEMA_H
#define SANDBOX_SCHEMA_H

#include "wire.h"

G_BEGIN_DECLS

typedef enum {
  RULE_ANY, /* only the check function decides */
  RULE_STRING,
  RULE_BOOLEAN,
  RULE_INTEGER,
  RULE_NUMBER,
  RULE_OBJECT,
  RULE_ARRAY,
} RuleKind;

enum {
  RULE_REQUIRED = 1 << 0,
  RULE_NULLABLE = 1 << 1,
};

typedef gboolean (*RuleCheck) (
    JsonNode *value, const gchar *path, Fault *fault);

typedef struct _Rule Rule;
struct _Rule {
  const gchar *name; /* NULL ends a table */
  RuleKind kind;
  guint flags;
  gdouble min, max; /* of a number; both 0: no bound. Of a string or an array
                       only max counts: its length */
  const gchar *const *values; /* allowed strings, or NULL */
  const Rule *fields;         /* of an object; NULL: anything goes */
  const Rule *element;        /* of an array */
  RuleCheck check;            /* last word, or NULL */
};

/* An object whose "type" selects its fields. */
typedef struct {
  const gchar *type; /* NULL ends the table */
  const Rule *fields;
} Variant;

gboolean schema_check_object (
    const Rule *fields, JsonObject *object, const gchar *path, Fault *fault);
gboolean schema_check_value (
    const Rule *rule, JsonNode *value, const gchar *path, Fault *fault);
gboolean schema_check_variant (
    const Variant *variants, JsonNode *value, const gchar *path, Fault *fault);

gboolean schema_refuse_type (
    JsonNode *value, const gchar *path, const gchar *expected, Fault *fault);
gboolean schema_refuse_value (const gchar *value, const gchar *const *values,
    const gchar *path, Fault *fault);

G_END_DECLS

#endif
