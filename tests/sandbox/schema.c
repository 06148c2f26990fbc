/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tables of rules for JSON objects, and the refusals that follow from them in
 * the service's own words. Knows no event and no session. */
#include "schema.h"

#include <math.h>

static const gchar *const kind_names[] = {
  [RULE_ANY] = "another type",
  [RULE_STRING] = "a string",
  [RULE_BOOLEAN] = "a boolean",
  [RULE_INTEGER] = "an integer",
  [RULE_NUMBER] = "a decimal",
  [RULE_OBJECT] = "an object",
  [RULE_ARRAY] = "an array",
};

static const gchar *
describe (JsonNode *value)
{
  GType type;

  if (JSON_NODE_HOLDS_NULL (value))
    return "null";
  if (JSON_NODE_HOLDS_OBJECT (value))
    return kind_names[RULE_OBJECT];
  if (JSON_NODE_HOLDS_ARRAY (value))
    return kind_names[RULE_ARRAY];
  type = json_node_get_value_type (value);
  if (type == G_TYPE_STRING)
    return kind_names[RULE_STRING];
  if (type == G_TYPE_BOOLEAN)
    return kind_names[RULE_BOOLEAN];
  if (type == G_TYPE_INT64)
    return kind_names[RULE_INTEGER];
  return kind_names[RULE_NUMBER];
}

static gboolean
is_kind (JsonNode *value, RuleKind kind)
{
  const gchar *name = describe (value);

  if (kind == RULE_ANY)
    return TRUE;
  if (kind == RULE_NUMBER && name == kind_names[RULE_INTEGER])
    return TRUE;
  return name == kind_names[kind];
}

gboolean
schema_refuse_type (
    JsonNode *value, const gchar *path, const gchar *expected, Fault *fault)
{
  const gchar *got = describe (value);

  return fault_set (fault, "invalid_type", path,
      "Invalid type for '%s': expected %s, but got %s instead.", path, expected,
      got);
}

/* 'a', 'b', and 'c' */
static gchar *
list_values (const gchar *const *values)
{
  GString *list = g_string_new (NULL);
  guint count = g_strv_length ((gchar **) values), i;

  for (i = 0; i < count; i++) {
    if (i > 0)
      g_string_append (list, count == 2 ? " " : ", ");
    if (i > 0 && i == count - 1)
      g_string_append (list, "and ");
    g_string_append_printf (list, "'%s'", values[i]);
  }
  return g_string_free (list, FALSE);
}

gboolean
schema_refuse_value (const gchar *value, const gchar *const *values,
    const gchar *path, Fault *fault)
{
  g_autofree gchar *list = list_values (values);

  return fault_set (fault, "invalid_value", path,
      "Invalid value: '%s'. Supported values are: %s.", value, list);
}

static gboolean
check_string (
    const Rule *rule, const gchar *value, const gchar *path, Fault *fault)
{
  glong length = g_utf8_strlen (value, -1);

  if (rule->values != NULL
      && !g_strv_contains ((const gchar *const *) rule->values, value))
    return schema_refuse_value (value, rule->values, path, fault);
  if (rule->max > 0 && length > rule->max)
    return fault_set (fault, "string_above_max_length", path,
        "Invalid '%s': string too long. Expected a string with maximum length "
        "%d, but got a string with length %ld",
        path, (gint) rule->max, length);
  return TRUE;
}

static gboolean
check_number (
    const Rule *rule, JsonNode *value, const gchar *path, Fault *fault)
{
  gboolean whole = json_node_get_value_type (value) == G_TYPE_INT64;
  const gchar *word = rule->kind == RULE_INTEGER ? "integer" : "decimal";
  gdouble number = whole ? (gdouble) json_node_get_int (value)
                         : json_node_get_double (value);
  gchar got[G_ASCII_DTOSTR_BUF_SIZE], bound[G_ASCII_DTOSTR_BUF_SIZE];
  gboolean below = number < rule->min;
  g_autofree gchar *code = NULL;

  if ((rule->min == 0 && rule->max == 0)
      || (number >= rule->min && number <= rule->max))
    return isfinite (number)
        ? TRUE
        : schema_refuse_type (value, path, kind_names[rule->kind], fault);
  code = g_strdup_printf (
      "%s_%s_value", word, below ? "below_min" : "above_max");
  g_ascii_formatd (got, sizeof got, "%.12g", number);
  g_ascii_formatd (bound, sizeof bound, "%.12g", below ? rule->min : rule->max);
  return fault_set (fault, code, path,
      "Invalid '%s': %s %s value. Expected a value %s %s, but got %s instead.",
      path, word, below ? "below minimum" : "above maximum",
      below ? ">=" : "<=", bound, got);
}

static gboolean
check_array (
    const Rule *rule, JsonArray *array, const gchar *path, Fault *fault)
{
  guint length = json_array_get_length (array), i;

  if (rule->max > 0 && length > rule->max)
    return fault_set (fault, "array_above_max_length", path,
        "Invalid '%s': array too long. Expected an array with maximum length "
        "%d, but got an array with length %u instead.",
        path, (gint) rule->max, length);
  for (i = 0; rule->element != NULL && i < length; i++) {
    g_autofree gchar *inner = g_strdup_printf ("%s[%u]", path, i);

    if (!schema_check_value (
            rule->element, json_array_get_element (array, i), inner, fault))
      return FALSE;
  }
  return TRUE;
}

static gboolean
check_kind (const Rule *rule, JsonNode *value, const gchar *path, Fault *fault)
{
  switch (rule->kind) {
    case RULE_STRING:
      return check_string (rule, json_node_get_string (value), path, fault);
    case RULE_INTEGER:
    case RULE_NUMBER:
      return check_number (rule, value, path, fault);
    case RULE_ARRAY:
      return check_array (rule, json_node_get_array (value), path, fault);
    case RULE_OBJECT:
      return rule->fields == NULL
          || schema_check_object (
              rule->fields, json_node_get_object (value), path, fault);
    default:
      return TRUE;
  }
}

gboolean
schema_check_value (
    const Rule *rule, JsonNode *value, const gchar *path, Fault *fault)
{
  if (JSON_NODE_HOLDS_NULL (value) && (rule->flags & RULE_NULLABLE))
    return TRUE;
  if (!is_kind (value, rule->kind))
    return schema_refuse_type (value, path, kind_names[rule->kind], fault);
  if (!check_kind (rule, value, path, fault))
    return FALSE;
  return rule->check == NULL || rule->check (value, path, fault);
}

static gchar *
join_path (const gchar *path, const gchar *name)
{
  return path == NULL || *path == '\0' ? g_strdup (name)
                                       : g_strconcat (path, ".", name, NULL);
}

static const Rule *
find_rule (const Rule *fields, const gchar *name)
{
  for (; fields->name != NULL; fields++)
    if (g_str_equal (fields->name, name))
      return fields;
  return NULL;
}

static gboolean
check_required (
    const Rule *fields, JsonObject *object, const gchar *path, Fault *fault)
{
  for (; fields->name != NULL; fields++) {
    g_autofree gchar *inner = NULL;

    if (!(fields->flags & RULE_REQUIRED)
        || json_object_has_member (object, fields->name))
      continue;
    inner = join_path (path, fields->name);
    return fault_set (fault, "missing_required_parameter", inner,
        "Missing required parameter: '%s'.", inner);
  }
  return TRUE;
}

gboolean
schema_check_object (
    const Rule *fields, JsonObject *object, const gchar *path, Fault *fault)
{
  JsonObjectIter iter;
  const gchar *name;
  JsonNode *value;

  if (!check_required (fields, object, path, fault))
    return FALSE;
  json_object_iter_init_ordered (&iter, object);
  while (json_object_iter_next_ordered (&iter, &name, &value)) {
    const Rule *rule = find_rule (fields, name);
    g_autofree gchar *inner = join_path (path, name);

    if (rule == NULL)
      return fault_set (
          fault, "unknown_parameter", inner, "Unknown parameter: '%s'.", inner);
    if (!schema_check_value (rule, value, inner, fault))
      return FALSE;
  }
  return TRUE;
}

static gboolean
refuse_variant (
    const Variant *variants, const gchar *type, const gchar *path, Fault *fault)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();

  for (; variants->type != NULL; variants++)
    g_ptr_array_add (names, (gpointer) variants->type);
  g_ptr_array_add (names, NULL);
  return schema_refuse_value (
      type, (const gchar *const *) names->pdata, path, fault);
}

gboolean
schema_check_variant (
    const Variant *variants, JsonNode *value, const gchar *path, Fault *fault)
{
  static const Rule type_rule = { "type", RULE_STRING };
  g_autofree gchar *type_path = join_path (path, "type");
  const Variant *variant;
  JsonNode *type;

  if (!JSON_NODE_HOLDS_OBJECT (value))
    return schema_refuse_type (value, path, kind_names[RULE_OBJECT], fault);
  type = json_object_get_member (json_node_get_object (value), "type");
  if (type == NULL)
    return fault_set (fault, "missing_required_parameter", type_path,
        "Missing required parameter: '%s'.", type_path);
  if (!schema_check_value (&type_rule, type, type_path, fault))
    return FALSE;
  for (variant = variants; variant->type != NULL; variant++)
    if (g_str_equal (variant->type, json_node_get_string (type)))
      return schema_check_object (
          variant->fields, json_node_get_object (value), path, fault);
  return refuse_variant (
      variants, json_node_get_string (type), type_path, fault);
}
